// Rust: trait objects, a tree map, boxed expressions evaluated and simplified.
use std::collections::BTreeMap;

trait Shape { fn area(&self) -> f64; fn scale(&mut self, by: f64); }
struct Circle(f64);
struct Rect(f64, f64);
struct Ring { outer: Circle, inner: Circle }
impl Shape for Circle { fn area(&self) -> f64 { 3.141592653589793 * self.0 * self.0 } fn scale(&mut self, by: f64) { self.0 *= by; } }
impl Shape for Rect { fn area(&self) -> f64 { self.0 * self.1 } fn scale(&mut self, by: f64) { self.0 *= by; self.1 *= by; } }
impl Shape for Ring { fn area(&self) -> f64 { self.outer.area() - self.inner.area() } fn scale(&mut self, by: f64) { self.outer.scale(by); self.inner.scale(by); } }

enum Expr { Num(i64), Var(usize), Add(Box<Expr>, Box<Expr>), Mul(Box<Expr>, Box<Expr>), Neg(Box<Expr>) }
fn build(depth: u32, random: &mut dyn FnMut() -> u32) -> Expr {
    let r = random();
    if depth == 0 { return if r & 1 == 0 { Expr::Num((r % 7) as i64) } else { Expr::Var((r % 4) as usize) }; }
    match r % 5 {
        0 | 1 => Expr::Add(Box::new(build(depth - 1, random)), Box::new(build(depth - 1, random))),
        2 | 3 => Expr::Mul(Box::new(build(depth - 1, random)), Box::new(build(depth - 1, random))),
        _ => Expr::Neg(Box::new(build(depth - 1, random))),
    }
}
fn value(e: &Expr, vars: &[i64]) -> i64 {
    match e {
        Expr::Num(n) => *n,
        Expr::Var(v) => vars[*v],
        Expr::Add(a, b) => value(a, vars).wrapping_add(value(b, vars)),
        Expr::Mul(a, b) => value(a, vars).wrapping_mul(value(b, vars)),
        Expr::Neg(a) => value(a, vars).wrapping_neg(),
    }
}
fn simple(e: Expr) -> Expr {
    match e {
        Expr::Add(a, b) => match (simple(*a), simple(*b)) {
            (Expr::Num(x), Expr::Num(y)) => Expr::Num(x.wrapping_add(y)),
            (Expr::Num(0), x) | (x, Expr::Num(0)) => x,
            (x, y) => Expr::Add(Box::new(x), Box::new(y)),
        },
        Expr::Mul(a, b) => match (simple(*a), simple(*b)) {
            (Expr::Num(x), Expr::Num(y)) => Expr::Num(x.wrapping_mul(y)),
            (Expr::Num(0), _) | (_, Expr::Num(0)) => Expr::Num(0),
            (Expr::Num(1), x) | (x, Expr::Num(1)) => x,
            (x, y) => Expr::Mul(Box::new(x), Box::new(y)),
        },
        Expr::Neg(a) => match simple(*a) { Expr::Num(x) => Expr::Num(x.wrapping_neg()), Expr::Neg(x) => *x, x => Expr::Neg(Box::new(x)) },
        other => other,
    }
}

fn main() {
    let n: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1);
    let mut seed = 99u32;
    let mut random = move || { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; seed };
    let mut shapes: Vec<Box<dyn Shape>> = Vec::new();
    for i in 0..1000 {
        let x = (i % 13 + 1) as f64;
        shapes.push(match random() % 3 { 0 => Box::new(Circle(x)), 1 => Box::new(Rect(x, x + 1.0)), _ => Box::new(Ring { outer: Circle(x + 1.0), inner: Circle(x) }) });
    }
    let mut check = 1u32;
    for round in 0..n {
        for s in shapes.iter_mut() { s.scale(if round & 1 == 0 { 1.5 } else { 0.75 }); }
        let area: f64 = shapes.iter().map(|s| s.area()).sum();
        let mut map = BTreeMap::new();
        for i in 0..500u32 { *map.entry(random() % 1000).or_insert(0u32) += i; }
        for (k, v) in map.range(100..900) { check = (check ^ k ^ v).wrapping_mul(0x01000193); }
        let e = build(10, &mut random);
        let a = value(&e, &[1, -2, 3, round as i64]);
        let b = value(&simple(e), &[1, -2, 3, round as i64]);
        assert_eq!(a, b);
        check = (check ^ a as u32 ^ area as u64 as u32).wrapping_mul(0x01000193);
    }
    println!("{check:08x}");
}
