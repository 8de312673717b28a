"""Which language a text is in, by a vote of its commonest words; only to route mail, so close calls stay open."""

import re
from collections import Counter

from mailsync.text.words import words

_STOP_WORDS = {
    "en": "the and to of a in is that it for you on with this be are have not we will can i your our please would "
    "from at by if my as was has do there but me an or what could should thanks they need no just all its any which",
    "de": "der die das und ist nicht wir ich sie ein eine zu den mit auf für im es von dem bitte noch aber auch wird "
    "haben hat werden kann können uns wenn bis dass am bei oder so nur mir ihr ihre sind wie zum zur aus als danke",
    "fr": "le la les des et est pas vous nous je un une pour dans que qui sur avec ce par au aux du en il sont être "
    "votre notre merci si mais plus bien avons avez à cette ne se on fait mon ma ça sera été vos nos",
    "es": "el la los las de y que en es no por para con un una se lo del al su nos más pero como le está gracias si "
    "ha hemos muy ya esta este sin sobre hay cuando son tenemos puede favor mi me usted ustedes",
    "it": "il la gli di e che è non per con un una si del della sono nel alla le ci ma anche più come grazie se ha "
    "abbiamo questo questa molto può dal al i lo mi vi sul nostro vostro essere ho delle dei",
    "nl": "de het een en van is dat niet ik we wij je u voor met op te zijn in aan er maar ook als nog naar kunnen "
    "wordt hebben heeft graag bij om dit die zal ons onze deze uw kan bedankt moet worden",
    "pt": "o os as de e que em não para com um uma se do da no na por é mais mas como foi ao dos das obrigado está "
    "você nós muito já também seu sua são temos pode pelo",
    "pl": "i w na nie się że do jest to z o jak po ale za dla czy już od tak co przez są może proszę dziękuję które "
    "będzie tylko pan pani mamy",
    "sv": "och att det som en på är av för med den till inte har om ett men vi jag kan så ska från eller du var när "
    "också tack hej",
    "da": "og at det som en på er af for med den til ikke har om et men vi jeg kan så skal fra eller du var når også "
    "tak hej",
    "cs": "a se na je že to v s z do o k i za jako ale pro jsem by jsou nebo už od po prosím děkuji máme bude",
    "tr": "ve bir bu için ile da de çok ne var olarak daha değil gibi ama ben biz siz mi teşekkürler lütfen",
}
_VOTES: dict[str, tuple[str, ...]] = {}
for _code, _list in _STOP_WORDS.items():
    for _word in _list.split():
        _VOTES[_word] = (*_VOTES.get(_word, ()), _code)

#: Letters that settle the language, or nearly so, before any vote.
_SCRIPTS = {
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
}
_BEYOND_LATIN = re.compile("[\u0370-\u06ff\u3040-\ud7af]")
_READ_AT_MOST = 5000


def language(text: str) -> str:
    """Return the ISO 639-1 code of the language of `text`, "" where there is too little to tell.

    A word speaks for each language it is common in, the more the fewer those are. A verdict needs at least 1.5 votes
    and a lead of a fifth over the second; a short text is the caller's to decide (it inherits its thread's).
    """
    text = text[:_READ_AT_MOST]
    script = _script(text)
    if script:
        return script
    votes: Counter[str] = Counter()
    for word in words(text):
        codes = _VOTES.get(word, ())
        for code in codes:
            votes[code] += 2520 // len(codes)  # divisible by every number of languages up to ten
    ranked = votes.most_common(2)
    if not ranked or ranked[0][1] < 1.5 * 2520:
        return ""
    if len(ranked) == 2 and ranked[0][1] < 1.2 * ranked[1][1]:
        return ""
    return ranked[0][0]


def _script(text: str) -> str:
    """Return the language of a script that hardly shares its letters with others; "" for Latin letters."""
    if _BEYOND_LATIN.search(text) is None:
        return ""
    letters = sum(map(str.isalpha, text))
    return next((code for code, script in _SCRIPTS.items() if len(script.findall(text)) * 3 > letters), "")
