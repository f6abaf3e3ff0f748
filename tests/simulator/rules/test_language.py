from __future__ import annotations

import pytest

from twitter_stream_simulator.rules.language import Clause, Every, Node, Some, parse_rule
from twitter_stream_simulator.rules.operators import RuleError


def shown(node: Node) -> str:
    """Write a tree with every group in brackets."""
    if isinstance(node, Clause):
        dash = "-" if node.negated else ""
        slop = "" if node.slop is None else f"~{node.slop}"
        return f"{dash}{node.operator}={node.value}{slop}"
    sign = " & " if isinstance(node, Every) else " | "
    return "[" + sign.join(map(shown, node.parts)) + "]"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("cat", "keyword=cat"),
        ("  cat   dog ", "[keyword=cat & keyword=dog]"),
        ("apple OR iphone ipad", "[keyword=apple | [keyword=iphone & keyword=ipad]]"),
        ("ipad iphone OR android", "[[keyword=ipad & keyword=iphone] | keyword=android]"),
        ("(apple OR iphone) ipad", "[[keyword=apple | keyword=iphone] & keyword=ipad]"),
        ("a OR b OR (c d)", "[keyword=a | keyword=b | [keyword=c & keyword=d]]"),
        ("a(b)c", "[keyword=a & keyword=b & keyword=c]"),
        ("cat -dog -has:images", "[keyword=cat & -keyword=dog & -has=images]"),
        ('"exact phrase" -"another"', "[keyword=exact phrase & -keyword=another]"),
        (r'"say \"hello\""', 'keyword=say "hello"'),
        ('"fog lamp"~3', "keyword=fog lamp~3"),
        ("#été OR @made_up OR $FOG", "[#=été | @=made_up | $=FOG]"),
        ("FROM:Somebody TO:@x", "[from=Somebody & to=@x]"),
        ('url:"https://x.example/a b"', "url=https://x.example/a b"),
        ("https://x.example", "keyword=https://x.example"),
        ("cat has:videos", "[keyword=cat & has=video_link]"),
        ("retweets_of_status_id:12", "retweets_of_tweet_id=12"),
        ("point_radius:[2.35 48.86 16km]", "point_radius=[2.35 48.86 16km]"),
        ("-is:retweet has:geo (from:a OR from:b)", "[-is=retweet & has=geo & [from=a | from=b]]"),
        ("🫖 灯台", "[keyword=🫖 & keyword=灯台]"),
        ("cat -is:nullcast lang:zh-TW", "[keyword=cat & -is=nullcast & lang=zh-TW]"),
    ],
)
def test_and_binds_before_or_and_groups_before_both(text: str, tree: str) -> None:
    assert shown(parse_rule(text)) == tree


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("has:media", "at least one positive, non-stopword clause"),
        ("has:links OR is:retweet", "at least one positive"),
        ("lang:en sample:10", "at least one positive"),
        ("-cat", "at least one positive"),
        ("-cat -dog", "at least one positive"),
        ("cat OR -dog", "at least one positive"),
        ("cat OR has:links", "at least one positive"),
        ("cat -(dog OR bird)", "Negation is not supported for groups"),
        ("(cat", "no viable alternative at input '<EOF>' (at position 5)"),
        ("cat)", "no viable alternative at input ')' (at position 4)"),
        ("()", "no viable alternative at input ')' (at position 2)"),
        ("OR cat", "no viable alternative at input 'OR' (at position 1)"),
        ("cat OR", "no viable alternative at input '<EOF>'"),
        ("cat OR OR dog", "no viable alternative at input 'OR' (at position 8)"),
        ('cat "dog', "token recognition error at: '\"dog' (at position 4)"),
        ("cat AND dog", "Ambiguous use of and as a keyword"),
        ("cat or dog", "Ambiguous use of or as a keyword"),
        ("cat mood:grumpy", "invalid operator 'mood'"),
        ("from_affiliate_of:x", "invalid operator 'from_affiliate_of'"),
        ('embedding:"fog"', "invalid operator 'embedding'"),
        ("list:12", "invalid operator 'list'"),
        ("quotes_of_tweet_id:1", "invalid operator 'quotes_of_tweet_id'"),
        ("cat is:funny", "Invalid value 'funny' for operator 'is'"),
        ("cat has:teeth", "Invalid value 'teeth' for operator 'has'"),
        ("cat lang:xx", "Invalid value 'xx' for operator 'lang'"),
        ("cat sample:0", "Invalid value '0' for operator 'sample'"),
        ("cat sample:101", "Invalid value '101' for operator 'sample'"),
        ("cat -sample:5", "Operator 'sample' must not be negated"),
        ("cat is:nullcast", "'is:nullcast' must be negated"),
        ("from:", "Invalid value '' for operator 'from'"),
        ("from:a-b", "Invalid value 'a-b' for operator 'from'"),
        ("conversation_id:x", "Invalid value 'x'"),
        ("place_country:USA", "Invalid value 'USA'"),
        ("point_radius:[1 2]", "Invalid value '[1 2]'"),
        ("context:1", "Invalid value '1'"),
        ("!!!", "Invalid value '!!!' for operator 'keyword'"),
        ('""', "Invalid value '' for operator 'keyword'"),
        ('"a b"~7', "proximity of a phrase must lie between 1 and 6"),
        ("(" * 70 + "cat" + ")" * 70, "must not nest deeper than 64"),
    ],
)
def test_what_x_refuses_is_refused_with_a_detail(text: str, detail: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    assert detail in str(caught.value)


@pytest.mark.parametrize("operator", ["sample:10", "bio:fog", "bio_name:fog", "min_followers:9"])
def test_search_lacks_some_operators_of_the_stream(operator: str) -> None:
    parse_rule(f"cat {operator}")
    with pytest.raises(RuleError, match="Operator is not available"):
        parse_rule(f"cat {operator}", search=True)


def test_search_has_an_operator_that_the_stream_lacks() -> None:
    assert parse_rule("quotes_of_tweet_id:1", search=True) == Clause("quotes_of_tweet_id", "1")


def test_a_tree_keeps_what_it_is_made_of() -> None:
    tree = parse_rule("(a OR -b c) d")
    assert tree == Every(
        (
            Some(
                (
                    Clause("keyword", "a"),
                    Every((Clause("keyword", "b", negated=True), Clause("keyword", "c"))),
                )
            ),
            Clause("keyword", "d"),
        )
    )
