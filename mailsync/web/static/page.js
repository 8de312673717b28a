// Comfort only: every page works without this file. Keys, and marking words to add an entry.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  let pending = "";

  const current = () => document.activeElement?.closest?.("[data-row]") ?? null;
  const shown = (element) => element && element.offsetParent !== null;

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  // A key acts on the focused line first, then on the page.
  function press(key) {
    const inRow = current() && $(`[data-key="${key}"]`, current());
    const button = inRow || [...document.querySelectorAll(`[data-key="${key}"]`)].find((b) => shown(b) && !b.closest("[data-row]"))
      || $(`article[data-row] [data-key="${key}"]`);
    if (button) button.click();
    return Boolean(button);
  }

  function edit() {
    const fix = current() && $("[data-fix]", current());
    if (fix) {
      fix.open = true;
      $("select, input:not([type=hidden])", fix)?.focus();
      return;
    }
    ($("[data-edit]") ?? $("[data-fix] select"))?.focus();
  }

  function discard() {
    if (press("x")) return;
    const box = $("[data-discard]");
    if (box) {
      box.open = true;
      $("input", box)?.focus();
    }
  }

  const places = { t: "/", d: "/drafts", l: "/log", c: "/clients", h: "/health" };
  const commands = {
    j: () => move(1),
    k: () => move(-1),
    Enter: () => current() && ($("[data-open]", current()) ?? $("a", current()))?.click(),
    e: edit,
    a: () => press("a"),
    x: discard,
    u: () => press("u"),
    "/": () => {
      const field = $("[data-search]");
      field?.focus();
      field?.select();
    },
    "?": () => $("#keys")?.showModal(),
    g: () => { pending = "g"; },
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const field = event.target.closest?.("input, textarea, select, dialog[open]");
    if (event.key === "Escape" && field && !field.matches("dialog")) {
      event.preventDefault(); // a search field would empty itself
      field.blur();
      return;
    }
    if (field) return;
    if (event.key === "Enter" && event.target !== current()) return;
    if (pending === "g") {
      pending = "";
      if (places[event.key]) location.assign(places[event.key]);
      return;
    }
    if (Object.hasOwn(commands, event.key)) {
      event.preventDefault();
      commands[event.key]();
    }
  }
  if (document.body.dataset.keys) document.addEventListener("keydown", onKey);

  // New results keep the line that was focused.
  let focused = -1;
  document.addEventListener("htmx:beforeSwap", () => { focused = rows().indexOf(current()); });
  document.addEventListener("htmx:afterSwap", () => { if (focused >= 0) rows()[focused]?.focus({ preventScroll: true }); });

  // Unsaved text is not lost by a slip.
  const text = $("[data-edit]");
  if (text) {
    let leaving = false;
    text.form.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => {
      if (!leaving && text.value !== text.defaultValue) event.preventDefault();
    });
  }

  // Words marked in a message become a new entry. Places count code points, as the log does.
  const picked = $("#picked");
  const length = (string) => [...string].length;

  function place(node, offset) {
    const piece = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest("[data-at]");
    if (!piece) return null;
    const before = document.createRange();
    before.selectNodeContents(piece);
    before.setEnd(node, offset);
    return Number(piece.dataset.at) + length(before.toString());
  }

  function pick() {
    const selection = getSelection();
    if (!picked || !selection || selection.isCollapsed || picked.contains(selection.anchorNode)) return;
    const range = selection.getRangeAt(0);
    const words = range.toString();
    const message = (range.startContainer.parentElement ?? range.startContainer).closest?.("[data-digest]");
    if (!message || !message.contains(range.endContainer) || words.trim().length < 3 || length(words) > 2000) return;
    const start = place(range.startContainer, range.startOffset);
    const end = place(range.endContainer, range.endOffset);
    if (start === null || end === null || end <= start) return;
    const lead = length(words) - length(words.trimStart());
    const tail = length(words) - length(words.trimEnd());
    picked.action = `/messages/${message.dataset.digest}/entries`;
    picked.elements.place.value = `${start + lead}-${end - tail}`;
    $("[data-quote]", picked).textContent = `“${words.trim()}”`;
    picked.hidden = false;
  }
  if (picked) {
    document.addEventListener("mouseup", () => setTimeout(pick));
    document.addEventListener("keyup", (event) => { if (event.shiftKey || event.key === "Shift") pick(); });
    $("[data-close]", picked).addEventListener("click", () => { picked.hidden = true; });
  }
})();
