// Collections, strings, iterators, threads of ownership: what the standard library does without the system.
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::rc::Rc;

#[derive(Debug, Clone, PartialEq)]
enum Shape { Circle(f64), Square { side: f64 } }

fn main() {
    let text = "the quick brown fox jumps over the lazy dog and the cat";
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in text.split_whitespace() { *counts.entry(word).or_default() += 1; }
    let ordered: BTreeMap<_, _> = counts.iter().collect();
    println!("{:?}", ordered);

    let mut heap: BinaryHeap<u64> = (0..1000u64).map(|i| i.wrapping_mul(2654435761) % 1009).collect();
    let top: Vec<u64> = std::iter::from_fn(|| heap.pop()).take(5).collect();
    println!("{:?} of {}", top, heap.len() + 5);

    let unique: HashSet<u64> = (0..10000u64).map(|i| i * i % 997).collect();
    println!("{} squares modulo 997", unique.len());

    let mut queue: VecDeque<i32> = VecDeque::new();
    for i in 0..10 { if i % 2 == 0 { queue.push_back(i) } else { queue.push_front(i) } }
    println!("{:?}", queue);

    let shapes = vec![Shape::Circle(1.5), Shape::Square { side: 2.0 }];
    let area: f64 = shapes.iter().map(|s| match s { Shape::Circle(r) => std::f64::consts::PI * r * r, Shape::Square { side } => side * side }).sum();
    println!("{:?} {:.6}", shapes, area);

    let shared = Rc::new(String::from("grüße, 世界"));
    let again = Rc::clone(&shared);
    println!("{} {} {} {}", again.to_uppercase(), again.len(), again.chars().count(), Rc::strong_count(&shared));

    let mut numbers: Vec<i64> = (0..50000).map(|i| (i * 7919) % 50021).collect();
    numbers.sort_unstable();
    println!("{} {:?}", numbers.windows(2).all(|w| w[0] <= w[1]), numbers.binary_search(&7919).is_ok());
    println!("{:?}", "17,x,4".split(',').map(|s| s.parse::<i32>().map_err(|e| e.to_string())).collect::<Vec<_>>());
    println!("{}", u128::MAX);
}
