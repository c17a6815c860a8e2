// Rust: words counted in a hash map, sorted, joined; strings and iterators.
use std::collections::HashMap;

fn main() {
    let n: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1);
    let mut seed = 12345u32;
    let mut random = move || { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; seed };
    let syllables = ["ka", "to", "mi", "re", "so", "lu", "ne", "ha", "shi", "wo"];
    let mut check = 1u32;
    for _ in 0..n {
        let mut text = String::new();
        for _ in 0..4000 {
            for _ in 0..1 + random() % 3 { text.push_str(syllables[(random() % 10) as usize]); }
            text.push(if random() % 8 == 0 { '\n' } else { ' ' });
        }
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in text.split_whitespace() { *counts.entry(word).or_insert(0) += 1; }
        let mut sorted: Vec<(&str, u32)> = counts.into_iter().collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let longest = text.lines().map(|l| l.chars().filter(|c| "aeiou".contains(*c)).count()).max().unwrap_or(0);
        let joined: String = sorted.iter().take(50).map(|(w, c)| format!("{w}={c};")).collect();
        for b in joined.bytes() { check = (check ^ b as u32).wrapping_mul(0x01000193); }
        check ^= longest as u32;
    }
    println!("{check:08x}");
}
