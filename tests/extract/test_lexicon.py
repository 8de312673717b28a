"""Words and cues: what the lexicon sees in a statement."""

from hypothesis import given
from hypothesis import strategies as st

from mailsync.extract.lexicon import CAP, LANGUAGES, compile_lexicon, family, lexicon, read_wording, wording


def cues(quote, language="en"):
    """Return the cues of a sentence with their scope."""
    return {(hit.cue, hit.scope) for hit in wording(quote, language).hits}


def test_contractions():
    """Contractions are written out, typed apostrophes and phone spelling included."""
    assert wording("I’ll pay", "en").words == ("i", "will", "pay")
    assert wording("we won't", "en").words == ("we", "will", "not")
    assert wording("dont", "en").words == ("do", "not")
    assert wording("j'ai reçu", "fr").words == ("j'", "ai", "reçu")


def test_classes():
    """Days, months, money, clock times and numbers count as what they are."""
    assert wording("€480 on Friday, 3 May, 14:30", "en").words == (
        "<money>", "<num>", "on", "<day>", ",", "<num>", "may", ",", "<time>",
    )  # fmt: skip


def test_scope():
    """A cue knows whether it is negated, hangs on a condition, or is somebody else's words."""
    assert ("i-will", "") in cues("I will send it.")
    assert ("can-do", "if") in cues("If we can launch, fine.")
    assert ("can-do", "") in cues("If you send the logo by Tuesday I can launch.")
    assert ("i-will", "said") in cues('He wrote "we will pay" once.')
    assert ("accept", "not") in cues("That is not approved.")


def test_phrases():
    """Gaps, beginnings of words, beginnings and ends of clauses are found."""
    tiny = compile_lexicon(
        "xx",
        {"cues": {"gap": ["from * to"], "stem": ["confirm~"], "begin": ["^ yes"], "end": ["fine $"], "ing": ["-ing"]}},
    )

    def found(text):
        return {hit.cue for hit in read_wording(text, tiny).hits}

    assert found("from the third to the fifth") == {"gap"}
    assert found("from one two three four to") == set()
    assert found("Confirmed") == {"stem"}
    assert found("oh, yes") == {"begin"}
    assert found("she said yes") == set()
    assert found("all fine, thanks") == {"end"}
    assert found("fine things") == set()
    assert found("walking") == {"ing"}


def test_sets_multiply():
    """A set in braces stands for each of its phrases."""
    tiny = compile_lexicon("xx", {"sets": {"me": ["i", "we"]}, "cues": {"c": ["{me} pay {me}"]}})
    assert all(read_wording(text, tiny).hits for text in ("i pay i", "we pay i", "i pay we"))


def test_same_cues_in_all_languages():
    """Every language's cues are cues of the English file, so that rules mean the same everywhere."""

    def names(language):
        found, pending = set(), [lexicon(language).trie]
        while pending:
            node = pending.pop()
            found.update(node.get("\0", ()))
            pending.extend(child for key, child in node.items() if key != "\0")
        return found

    english = names("en")
    assert all(names(language) <= english for language in LANGUAGES)


def test_families():
    """A word's kin are found by itself or by its stem; strangers have none."""
    assert family("sends") == family("send") is not None
    assert family("zzqqx") is None


@given(st.text(max_size=2 * CAP), st.sampled_from((*LANGUAGES, "nl", "")))
def test_never_raises(text, language):
    """Whatever the text, reading it gives words, shapes for each, and hits inside them."""
    found = wording(text, language)
    assert len(found.words) == len(found.shapes)
    assert all(0 <= hit.start <= hit.end <= len(found.words) for hit in found.hits)
