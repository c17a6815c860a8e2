// Rust: the game of life and a flood fill on grids with checked indices.
fn main() {
    let n: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1);
    let (w, h) = (200usize, 150usize);
    let mut seed = 4711u32;
    let mut random = move || { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; seed };
    let mut cells: Vec<Vec<u8>> = (0..h).map(|_| (0..w).map(|_| (random() % 3 == 0) as u8).collect()).collect();
    let mut check = 1u32;
    for _ in 0..n {
        let mut next = vec![vec![0u8; w]; h];
        for y in 0..h {
            for x in 0..w {
                let mut around = 0;
                for dy in [h - 1, 0, 1] { for dx in [w - 1, 0, 1] { if dx != 0 || dy != 0 { around += cells[(y + dy) % h][(x + dx) % w]; } } }
                next[y][x] = (around == 3 || (around == 2 && cells[y][x] == 1)) as u8;
            }
        }
        let at = (check as usize) % (w * h);
        next[at / w][at % w] ^= 1;
        cells = next;
        let mut seen = vec![false; w * h];
        let mut largest = 0;
        for start in 0..w * h {
            if seen[start] || cells[start / w][start % w] == 0 { continue; }
            let mut stack = vec![start];
            let mut size = 0;
            seen[start] = true;
            while let Some(c) = stack.pop() {
                size += 1;
                let (x, y) = (c % w, c / w);
                for (nx, ny) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
                    if nx < w && ny < h && cells[ny][nx] == 1 && !seen[ny * w + nx] { seen[ny * w + nx] = true; stack.push(ny * w + nx); }
                }
            }
            largest = largest.max(size);
        }
        check = (check ^ largest).wrapping_mul(0x01000193);
    }
    println!("{check:08x}");
}
