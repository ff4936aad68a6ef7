"""sympy: equations solved, integrals, limits, a differential equation, matrices, `lambdify`, LaTeX, numbers of 50 digits.

Note: `lambdify` takes `modules="math"` or `"mpmath"`, since there is no numpy; plots need matplotlib.
"""

import sympy as sp

x, y = sp.symbols("x y", real=True)
f = sp.Function("f")
assert sp.solve(x**2 - x - 1, x) == [sp.Rational(1, 2) - sp.sqrt(5) / 2, sp.Rational(1, 2) + sp.sqrt(5) / 2]
assert sp.solve([x + y - 3, x - y - 1], [x, y]) == {x: 2, y: 1}
assert sp.integrate(sp.exp(-(x**2)), (x, -sp.oo, sp.oo)) == sp.sqrt(sp.pi)
assert sp.integrate(x * sp.cos(x), x) == x * sp.sin(x) + sp.cos(x)
assert sp.limit(sp.sin(x) / x, x, 0) == 1
assert sp.diff(sp.exp(x * y), x, 2) == y**2 * sp.exp(x * y)
assert sp.simplify(sp.sin(x) ** 2 + sp.cos(x) ** 2) == 1
solution = sp.dsolve(f(x).diff(x) - f(x), f(x)).rhs
assert sp.simplify(solution.diff(x) - solution) == 0
matrix = sp.Matrix([[2, 1], [1, 2]])
assert matrix.eigenvals() == {1: 1, 3: 1}
assert matrix.inv() * matrix == sp.eye(2)
assert sp.lambdify((x, y), sp.sqrt(x) + y, "math")(4, 1) == 3
assert sp.latex(sp.Integral(x**2 / y, x)) == r"\int \frac{x^{2}}{y}\, dx"
assert sp.Sum(x, (x, 1, 5))._repr_latex_() == r"$\displaystyle \sum_{x=1}^{5} x$"
assert str(sp.N(sp.pi, 50)) == "3.1415926535897932384626433832795028841971693993751"
assert sp.factorint(2**61 - 2) == sp.factorint(2 * (2**60 - 1))
assert sp.pretty(x / y, use_unicode=True) == "x\n─\ny"
assert sp.sympify("2*x + 1", {"x": x}).subs(x, 3) == 7
print("done")
