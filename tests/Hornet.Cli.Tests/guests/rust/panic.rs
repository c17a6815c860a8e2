// Panics with a message of its own.
use std::collections::HashMap;

fn look_up(stock: &HashMap<&str, i32>, name: &str) -> i32 {
    *stock.get(name).unwrap_or_else(|| panic!("no {} in stock", name))
}

fn main() {
    let stock = HashMap::from([("apples", 3)]);
    println!("{} apples", look_up(&stock, "apples"));
    println!("{} pears", look_up(&stock, "pears"));
}
