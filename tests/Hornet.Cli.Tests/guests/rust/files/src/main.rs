// The file system through std::fs, below the first argument; std::env and std::process as well.
mod tree;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let base = Path::new(&arguments[1]).join("rust");
    fs::create_dir_all(base.join("deep/er"))?;
    fs::write(base.join("one.txt"), "first\nsecond\nthird\n")?;
    let mut file = OpenOptions::new().append(true).open(base.join("one.txt"))?;
    writeln!(file, "fourth")?;
    drop(file);
    for line in BufReader::new(File::open(base.join("one.txt"))?).lines() { println!("{}", line?); }

    let mut file = File::options().read(true).write(true).create(true).open(base.join("deep/two.bin"))?;
    file.write_all(&(0..=255u8).collect::<Vec<_>>())?;
    file.seek(SeekFrom::Start(250))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    println!("{:?} {}", rest, file.metadata()?.len());

    fs::copy(base.join("one.txt"), base.join("deep/er/copy.txt"))?;
    fs::rename(base.join("deep/two.bin"), base.join("moved.bin"))?;
    for line in tree::lines(&base)? { println!("{}", line); }
    println!("{:?}", fs::read(base.join("missing")).map_err(|e| e.kind()));
    println!("{:?}", std::env::var("COLOUR"));
    fs::remove_dir_all(&base)?;
    println!("{}", base.exists());
    std::process::exit(3)
}
