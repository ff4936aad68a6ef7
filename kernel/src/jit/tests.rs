use std::collections::HashMap;

use ruff_python_ast::StmtFunctionDef;

use super::builtin::Builtin;
use super::flow::{self, Binding, Lines, Names, Operand, Parameter, Parameters};
use super::kind::{Kind, Origin};
use super::machine::{Context, Datum, Ending, STOPPED, Unit};
use super::refusal::Refusal;
use super::{Program, source};

/// Functions of one text, with the names that Python has.
struct Text<'a> {
    whole: &'a str,
    found: Vec<String>,
    constants: HashMap<&'a str, Operand>,
}

impl Text<'_> {
    fn function(&self, name: &str) -> Option<StmtFunctionDef> {
        (1..=self.whole.lines().count()).find_map(|line| source::find(self.whole, name, line))
    }

    fn routine(&mut self, name: &str) -> Option<Binding> {
        let function = self.function(name)?;
        let position = self.found.iter().position(|known| known == name);
        let routine = position.unwrap_or_else(|| {
            self.found.push(name.to_owned());
            self.found.len() - 1
        });
        let names = function.parameters.args.iter();
        let all: Vec<_> = names
            .map(|parameter| Parameter {
                keyword: Some(parameter.parameter.name.to_string()),
                default: parameter.default.as_ref().map(|_| Operand::Int(10)),
            })
            .collect();
        let positional = all.len();
        Some(Binding::Routine(routine, Parameters { all, positional }))
    }
}

impl Names for Text<'_> {
    fn global(&mut self, name: &str) -> Binding {
        if let Some(constant) = self.constants.get(name) {
            return Binding::Constant(*constant);
        }
        if let Some(routine) = self.routine(name) {
            return routine;
        }
        match Builtin::find("builtins", name) {
            Some(builtin) => Binding::Builtin(builtin),
            None if name == "print" => Binding::Other("`print`".to_owned()),
            None => Binding::Missing,
        }
    }

    fn attribute(&mut self, module: &str, name: &str) -> Binding {
        Builtin::find(module, name).map_or(Binding::Missing, Binding::Builtin)
    }
}

/// The last function of `text`, and all that it calls.
fn program(text: &str) -> Result<Program, Refusal> {
    let last = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("def ")?.split_once('('))
        .expect("a function");
    let mut names = Text {
        whole: text,
        found: vec![last.0.to_owned()],
        constants: HashMap::from([("N", Operand::Int(7)), ("PI", Operand::Float(3.5))]),
    };
    let mut program = Program::default();
    while let Some(name) = names.found.get(program.routines.len()).cloned() {
        let function = names.function(&name).expect("it was found before");
        let routine = flow::lower(&function, &Lines(text), &mut names)?;
        program.routines.push(routine);
    }
    Ok(program)
}

fn kind(datum: &Datum) -> Kind {
    match datum {
        Datum::None => Kind::None,
        Datum::Bool(_) => Kind::Bool,
        Datum::Int(_) => Kind::Int,
        Datum::Float(_) => Kind::Float,
        Datum::Tuple(items) => Kind::Tuple(items.iter().map(kind).collect()),
        Datum::List(items) => {
            let item = kind(&items[0]).as_scalar().expect("a number");
            Kind::List(item, Origin::Given)
        }
    }
}

extern "C" fn go_on(_: &mut Context) -> i64 {
    0
}

extern "C" fn stop(_: &mut Context) -> i64 {
    STOPPED
}

fn run_with(
    text: &str,
    arguments: &[Datum],
    poll: extern "C" fn(&mut Context) -> i64,
) -> Result<Ending, Refusal> {
    let kinds: Vec<_> = arguments.iter().map(kind).collect();
    let unit = Unit::compile(&program(text)?, 0, &kinds)?;
    let mut context = Context::new(0, poll, std::ptr::null_mut());
    let bits: Vec<_> = arguments
        .iter()
        .filter_map(|datum| bits(datum, &mut context))
        .collect();
    Ok(unit.call(&mut context, 900, &bits))
}

fn bits(datum: &Datum, context: &mut Context) -> Option<i64> {
    match datum {
        Datum::Bool(value) => Some(i64::from(*value)),
        Datum::Int(value) => Some(*value),
        Datum::Float(value) => Some(value.to_bits().cast_signed()),
        Datum::None | Datum::Tuple(_) => None,
        Datum::List(items) => {
            let items = items.iter().filter_map(|item| bits(item, context));
            let items = items.collect();
            context.lists.keep(items)
        }
    }
}

fn run(text: &str, arguments: &[Datum]) -> Ending {
    run_with(text, arguments, go_on).expect("it is compiled")
}

fn refusal(text: &str) -> String {
    program(text).expect_err("it is refused").to_string()
}

fn int(value: i64) -> Datum {
    Datum::Int(value)
}

fn float(value: f64) -> Datum {
    Datum::Float(value)
}

fn returned(datum: Datum) -> Ending {
    Ending::Returned(datum)
}

#[test]
fn recursion_is_a_call_of_machine_code() {
    let text = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n";
    assert_eq!(run(text, &[int(20)]), returned(int(6765)));
}

#[test]
fn recursion_without_end_is_left_to_the_interpreter() {
    let text = "def f(n):\n    return f(n + 1)\n";
    assert_eq!(run(text, &[int(0)]), Ending::Left);
    let text = "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n";
    assert_eq!(run(text, &[int(800)]), returned(int(800)));
    assert_eq!(run(text, &[int(1000)]), Ending::Left);
}

#[test]
fn variable_that_becomes_a_float_has_both_kinds() {
    let text = "def f(n):\n    s = 0\n    for i in range(n):\n        s += i * 0.5\n    return s\n";
    assert_eq!(run(text, &[int(0)]), returned(int(0)));
    assert_eq!(run(text, &[int(4)]), returned(float(3.0)));
}

#[test]
fn integers_of_more_than_64_bits_are_left_to_the_interpreter() {
    for (expression, a, b) in [
        ("a + b", i64::MAX, 1),
        ("a - b", i64::MIN, 1),
        ("a * b", 1 << 40, 1 << 40),
        ("a // b", i64::MIN, -1),
        ("a % b", i64::MIN, -1),
        ("a ** b", 10, 19),
        ("a << b", 1, 63),
        ("-a + b", i64::MIN, 0),
        ("abs(a) + b", i64::MIN, 0),
        ("a / b", (1 << 53) + 1, 1),
    ] {
        let text = format!("def f(a, b):\n    return {expression}\n");
        assert_eq!(run(&text, &[int(a), int(b)]), Ending::Left, "{expression}");
    }
}

#[test]
fn errors_are_left_to_the_interpreter() {
    for expression in [
        "1 // (a - 3)",
        "1 % (a - 3)",
        "1 / (a - 3)",
        "1.0 // (a - 3.0)",
        "1.0 / (a - 3.0)",
        "1 << (a - 4)",
        "1 >> (a - 4)",
        "0 ** (a - 4)",
        "(-1.5) ** (a / 2)",
        "math.sqrt(-a)",
        "math.log(a - 3)",
        "math.exp(a * 1000)",
        "int(a * 1e300)",
        "unknown + 1",
        "unknown(a)",
        "a & 1.5",
        "a < None",
        "(a, 1)[2]",
        "sum(i for i in range(1, 2, a - 3))",
    ] {
        let text = format!("def f(a):\n    return {expression}\n");
        assert_eq!(run(&text, &[int(3)]), Ending::Left, "{expression}");
    }
    assert_eq!(
        run(
            "def f(a):\n    if a > 2:\n        raise ValueError(a)\n    return 1\n",
            &[int(3)]
        ),
        Ending::Left
    );
    assert_eq!(
        run("def f(a):\n    del a\n    return a\n", &[int(3)]),
        Ending::Left
    );
    assert_eq!(
        run("def f(a):\n    assert a < 3\n    return 1\n", &[int(3)]),
        Ending::Left
    );
}

#[test]
fn division_rounds_downwards() {
    let text = "def f(a, b):\n    return a // b, a % b\n";
    for (a, b) in [
        (7i64, 2i64),
        (-7, 2),
        (7, -2),
        (-7, -2),
        (6, -3),
        (i64::MIN, 3),
        (0, 5),
    ] {
        let rest = ((a % b) + b) % b;
        let quotient = (i128::from(a) - i128::from(rest)) / i128::from(b);
        let expected = Datum::Tuple(vec![int(quotient as i64), int(rest)]);
        assert_eq!(
            run(text, &[int(a), int(b)]),
            returned(expected.clone()),
            "{a}, {b}"
        );
        let text = format!("def f(a):\n    return a // {b}, a % {b}\n");
        assert_eq!(run(&text, &[int(a)]), returned(expected), "{a}, {b}");
    }
    assert_eq!(
        run(text, &[float(-7.5), int(2)]),
        returned(Datum::Tuple(vec![float(-4.0), float(0.5)]))
    );
}

#[test]
fn names_and_calls_are_bound_as_in_python() {
    let text =
        "def g(x, y=10):\n    return x - y\ndef f(a):\n    return g(a), g(y=a, x=N), g(a, 1)\n";
    let expected = Datum::Tuple(vec![int(-7), int(4), int(2)]);
    assert_eq!(run(text, &[int(3)]), returned(expected));
}

#[test]
fn values_of_and_or_are_those_of_operands() {
    let text = "def f(a, b):\n    return a and b, a or b, not a, a < b < 5, a if b else None\n";
    let expected = Datum::Tuple(vec![
        int(0),
        float(2.5),
        Datum::Bool(true),
        Datum::Bool(true),
        int(0),
    ]);
    assert_eq!(run(text, &[int(0), float(2.5)]), returned(expected));
}

#[test]
fn loops_end_as_in_python() {
    let text = "
def f(n):
    found = 0
    for i in range(n, -n, -3):
        if i % 2:
            continue
        found += i
        if found > 100:
            break
    else:
        found = -found
    a, b = 0, 1
    while True:
        a, b = b, a + b
        if b > n:
            break
    return found, a, b, i, sum(j * k for j in range(n) for k in range(j) if k & 1)
";
    let expected = [-4, 8, 13, -8, 430].map(int).to_vec();
    assert_eq!(run(text, &[int(10)]), returned(Datum::Tuple(expected)));
}

#[test]
fn endless_loops_and_recursions_look_whether_they_are_to_end() {
    let text = "def f(n):\n    while True:\n        pass\n";
    assert_eq!(run_with(text, &[int(1)], stop), Ok(Ending::Stopped));
    let text = "def g(n):\n    for i in range(10):\n        n += i\n    return n\ndef f(n):\n    while True:\n        n = g(n) & 7\n";
    assert_eq!(run_with(text, &[int(1)], stop), Ok(Ending::Stopped));
    let text = "def f(n):\n    if n == 0:\n        return 0\n    f(n - 1)\n    f(n - 1)\n    return f(n - 1)\n";
    assert_eq!(run_with(text, &[int(80)], stop), Ok(Ending::Stopped));
}

#[test]
fn lists_of_numbers_are_made_read_and_written() {
    let text = "
def f(n):
    sieve = [True] * (n + 1)
    primes = [0]
    for i in range(2, n + 1):
        if sieve[i]:
            primes.append(i)
            for j in range(i * i, n + 1, i):
                sieve[j] = False
    primes[-1] += 1000
    return primes
";
    let primes = [0, 2, 3, 5, 7, 11, 1013].map(int).to_vec();
    assert_eq!(run(text, &[int(13)]), returned(Datum::List(primes)));
    let text = "
def dot(a, b):
    if not a or len(a) != len(b):
        return None
    total = 0
    for i in range(len(a)):
        total += a[i] * b[i]
    for x in b:
        total += x
    return total, a[0], b[-1]
";
    let (a, b) = (
        Datum::List(vec![int(1), int(2)]),
        Datum::List(vec![float(0.5), float(4.0)]),
    );
    let expected = Datum::Tuple(vec![float(13.0), int(1), float(4.0)]);
    assert_eq!(run(text, &[a.clone(), b]), returned(expected));
    for body in [
        "a[2]",
        "a[-3]",
        "a.append(1)",
        "a[0] = 1",
        "return a",
        "return (a, 1)",
        "return a + a",
        "a *= 2",
        "return a == a",
        "b = [1, 2.0]",
    ] {
        let text = format!("def f(a):\n    {body}\n    return [1] * 10 ** 9\n");
        assert_eq!(run(&text, std::slice::from_ref(&a)), Ending::Left, "{body}");
    }
}

#[test]
fn comparisons_of_integers_and_floats_are_exact() {
    let text = "def f(a, b):\n    return a == b\n";
    assert_eq!(
        run(text, &[int(3), float(3.0)]),
        returned(Datum::Bool(true))
    );
    assert_eq!(
        run(text, &[int((1 << 53) + 1), float(9_007_199_254_740_992.0)]),
        Ending::Left
    );
}

#[test]
fn what_is_not_compiled_is_named_with_its_line() {
    for (body, expected) in [
        ("return 'x'", "a string in line 2"),
        ("print(a)", "a call of `print` in line 2"),
        ("b = []", "an empty list in line 2"),
        (
            "for x in a + 1: pass",
            "a loop over something other than `range(...)` or a list in line 2",
        ),
        (
            "try:\n        pass\n    except E:\n        pass",
            "`try` in line 2",
        ),
        ("global b", "`global` in line 2"),
        ("return a.real", "the attribute `real` in line 2"),
        ("return 1j", "a complex number in line 2"),
        (
            "a.x = 1",
            "an assignment to something other than a local variable in line 2",
        ),
        (
            "return 99999999999999999999",
            "an integer of more than 64 bits in line 2",
        ),
        ("yield a", "`yield` in line 2"),
    ] {
        assert_eq!(refusal(&format!("def f(a):\n    {body}\n")), expected);
    }
    assert_eq!(
        refusal("def f(*a):\n    pass\n"),
        "a parameter with `*` in line 1"
    );
}
