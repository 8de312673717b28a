#!/bin/sh
# Installs the real servers that some tests need, where that is possible; those tests skip with the reason otherwise
# (and fail where CI=true).
missing=""
[ -x /usr/sbin/dovecot ] || command -v dovecot >/dev/null 2>&1 || missing="$missing dovecot-imapd"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium chromium-driver"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 ||
        echo "could not install$missing; the tests that need them skip"
else
    echo "not installed:$missing; the tests that need them skip (Debian: apt-get install$missing)"
fi
