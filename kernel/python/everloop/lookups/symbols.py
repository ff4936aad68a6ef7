# ruff: noqa: RUF001, RUF002 (to look like other characters is what they are for)
"""Characters by their LaTeX names: `\\alpha` becomes α. Greek letters, and what else is at home in labels."""

# In the order of their code points.
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "varphi", "chi", "psi", "omega"),
)
_OTHERS = {
    "phi": "ϕ",
    "epsilon": "ϵ",
    "vartheta": "ϑ",
    "varkappa": "ϰ",
    "varrho": "ϱ",
    "varpi": "ϖ",
    "hbar": "ℏ",
    "ell": "ℓ",
    "aleph": "ℵ",
    "partial": "∂",
    "nabla": "∇",
    "infty": "∞",
    "sum": "∑",
    "prod": "∏",
    "int": "∫",
    "sqrt": "√",
    "pm": "±",
    "times": "×",
    "div": "÷",
    "cdot": "⋅",
    "leq": "≤",
    "geq": "≥",
    "neq": "≠",
    "approx": "≈",
    "equiv": "≡",
    "in": "∈",
    "notin": "∉",
    "subset": "⊂",
    "cup": "∪",
    "cap": "∩",
    "forall": "∀",
    "exists": "∃",
    "rightarrow": "→",
    "leftarrow": "←",
    "Rightarrow": "⇒",
    "degree": "°",
}
_names = {}


def table():
    if not _names:
        for name, code in zip(_GREEK, range(ord("α"), ord("ω") + 1), strict=True):
            _names[name] = chr(code)
            if name != "varsigma":
                _names[name.removeprefix("var").capitalize()] = chr(code).upper()
        _names.update(_OTHERS)
    return _names


def complete(name):
    """The character if `name` is one's whole name, else the names that begin like it, with their backslash."""
    known = table()
    if name in known:
        return [known[name]]
    return sorted(f"\\{candidate}" for candidate in known if candidate.startswith(name))
