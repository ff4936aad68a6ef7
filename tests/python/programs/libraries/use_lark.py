"""lark: a grammar of sums, with both of its parsers, its tree as a number, and where an input is wrong."""

import lark

GRAMMAR = """
?sum: product | sum "+" product -> add | sum "-" product -> subtract
?product: atom | product "*" atom -> multiply
?atom: NUMBER -> number | "(" sum ")"
%import common.NUMBER
%import common.WS_INLINE
%ignore WS_INLINE
"""


@lark.v_args(inline=True)
class Calculate(lark.Transformer):
    from operator import add
    from operator import mul as multiply
    from operator import sub as subtract

    number = float


for parser in ("lalr", "earley"):
    grammar = lark.Lark(GRAMMAR, start="sum", parser=parser)
    assert Calculate().transform(grammar.parse("2 * (3 + 4) - 1")) == 13
    try:
        grammar.parse("2 * )")
    except lark.UnexpectedInput as error:
        assert error.column == 5, error
    else:
        raise AssertionError("no error")
print("done")
