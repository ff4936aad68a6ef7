"""Colours of tracebacks, without making for each traceback anew what is always the same.

``stack_data`` and IPython derive a lexer and a style from Pygments' for each frame and traceback; Pygments then compiles
the lexer's rules and the style's escape sequences once more. On CPython that takes some milliseconds, on RustPython it is
most of the time between an error and its traceback.
"""

import functools

from everloop.compat.imports import after_import


def install():
    """Mend the modules when they have been imported."""
    after_import("pygments.lexer", _share_rules)
    after_import("pygments.formatters.terminal256", _share_escapes)
    after_import("stack_data", _share_styles)


def _share_rules(module):
    meta = module.RegexLexerMeta
    instantiate = meta.__call__

    def __call__(cls, *args, **kwds):
        # A lexer without rules of its own has those of its base; what they were made into is not inherited.
        if "_tokens" not in cls.__dict__ and "tokens" not in cls.__dict__ and len(cls.__bases__) == 1:
            made = cls.__bases__[0].__dict__
            if "_tokens" in made and not made.get("token_variants"):
                cls._all_tokens, cls._tmpname, cls._tokens = made["_all_tokens"], made["_tmpname"], made["_tokens"]
        return instantiate(cls, *args, **kwds)

    meta.__call__ = __call__


def _share_escapes(module):
    formatter = module.Terminal256Formatter
    set_up = formatter._setup_styles
    made = {}

    @functools.wraps(set_up)
    def _setup_styles(self):
        key = (type(self), self.style, self.usebold, self.useunderline, self.useitalic)
        if key not in made:
            set_up(self)
            made[key] = self.style_string
        self.style_string = made[key].copy()

    formatter._setup_styles = _setup_styles


def _share_styles(package):
    shared = functools.lru_cache(maxsize=16)(package.style_with_executing_node)
    package.style_with_executing_node = package.core.style_with_executing_node = shared
