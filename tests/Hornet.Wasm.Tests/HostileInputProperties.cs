using CsCheck;

namespace Hornet.Wasm.Tests;

/// <summary>Whatever the bytes are: a module, or a <see cref="WasmFormatException"/>, whichever way they are read.</summary>
public sealed class HostileInputProperties
{
    // CsCheck shrinks and reports the number; the bytes follow from it.
    static void ForEachSeed(int iterations, Action<Random> check) => Gen.Int[0, int.MaxValue].Sample(seed => check(new Random(seed)), iter: iterations);

    [Fact]
    public void RandomBytesAreRejected() => ForEachSeed(4000, random =>
    {
        byte[] bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        int kind = random.Next(3);
        // With a preamble in most, and a section that fits in some.
        if (kind != 0 && bytes.Length > 8) "\0asm\u0001\0\0\0"u8.CopyTo(bytes);
        if (kind == 2 && bytes.Length > 10)
        {
            bytes[8] = (byte)random.Next(14);
            bytes[9] = (byte)(bytes.Length - 10 & 0x7F);
        }
        HostileInput.Try(bytes, random);
    });

    [Fact]
    public void ModulesWithBytesChangedAreModulesOrRejected()
    {
        List<byte[]> corpus = HostileInput.Corpus();
        int valid = 0, rejected = 0;
        ForEachSeed(15_000, random =>
        {
            byte[] damaged = [.. corpus[random.Next(corpus.Count)]];
            for (int changes = random.Next(4) == 0 ? 3 : 1; changes > 0; changes--)
            {
                int at = random.Next(8, damaged.Length);
                damaged[at] = random.Next(4) switch { 0 => (byte)random.Next(256), 1 => (byte)(damaged[at] ^ 1 << random.Next(8)), 2 => 0xFF, _ => (byte)(damaged[at] + 1) };
            }
            if (random.Next(10) == 0) damaged = [.. damaged.Take(random.Next(8, damaged.Length)), (byte)random.Next(256), .. damaged.Skip(random.Next(8, damaged.Length))];
            if (HostileInput.Try(damaged, random).IsValid) Interlocked.Increment(ref valid);
            else Interlocked.Increment(ref rejected);
        });
        // Neither is rare, or the damage tests nothing.
        Assert.True(valid > 100 && rejected > 1000, $"{valid} valid, {rejected} rejected");
    }
}
