namespace Hornet.Native.Tests;

/// <summary>Functions whose shape costs a careless compiler the square of their size, or its stack.</summary>
public class HostileCodeTests
{
    private const int Deep = 8_000;

    /// <summary>Each loop goes on after its inner one as long as the counter is above zero.</summary>
    [Fact]
    public void Loops_nested_without_end()
    {
        List<byte> body = [];
        for (int i = 0; i < Deep; i++) body.AddRange([0x03, 0x40]);                             // loop
        body.AddRange([0x20, 0, 0x41, 1, 0x6B, 0x21, 0]);                                       // n--
        for (int i = 0; i < Deep; i++) body.AddRange([0x20, 0, 0x41, 0, 0x4A, 0x0D, 0, 0x0B]);  // n > 0: again; end
        body.AddRange([0x20, 0]);
        Assert.Equal(0, Run(body, 7));
    }

    [Fact]
    public void A_loop_for_each_branch_of_the_innermost()
    {
        List<byte> body = [];
        for (int i = 0; i < Deep; i++) body.AddRange([0x03, 0x40]);
        body.AddRange([0x20, 0, 0x41, 1, 0x6B, 0x21, 0]);
        for (int i = 0; i < Deep; i++)
        {
            body.AddRange([0x20, 0, 0x41, 0, 0x4A, 0x0D]);
            body.AddRange(Leb(i));
        }
        for (int i = 0; i < Deep; i++) body.Add(0x0B);
        body.AddRange([0x20, 0]);
        Assert.Equal(0, Run(body, 7));
    }

    [Fact]
    public void Blocks_nested_without_end_and_a_table_that_leaves_each()
    {
        List<byte> body = [];
        for (int i = 0; i < Deep; i++) body.AddRange([0x02, 0x40]);
        body.AddRange([0x20, 0, 0x0E]);
        body.AddRange(Leb(Deep - 1));
        for (int i = 0; i < Deep; i++) body.AddRange(Leb(i));
        for (int i = 0; i < Deep; i++) body.AddRange([0x0B, 0x20, 0, 0x41, 1, 0x6A, 0x21, 0]);
        body.AddRange([0x20, 0]);
        Assert.Equal(Deep, Run(body, 0));
        Assert.Equal(Deep, Run(body, 1234));
        Assert.Equal(1_000_001, Run(body, 1_000_000));
    }

    /// <summary>A chain of what is free inside an addressing mode leaves a loop as a whole.</summary>
    [Fact]
    public void A_long_chain_leaves_a_loop()
    {
        List<byte> body = [0x03, 0x40, 0x20, 1];
        for (int i = 0; i < Deep; i++) body.AddRange([0x41, 7, 0x6A, 0x41, 3, 0x6C]);
        body.AddRange([0x21, 2, 0x20, 0, 0x41, 1, 0x6B, 0x22, 0, 0x0D, 0, 0x0B, 0x20, 2]);
        int expected = 0;
        for (int i = 0; i < Deep; i++) expected = (expected + 7) * 3;
        Assert.Equal(expected, Run(body, 5));
    }

    private static int Run(List<byte> code, int argument)
    {
        byte[] body = [1, 2, 0x7F, .. code, 0x0B];
        byte[] entry = [1, .. Leb(body.Length), .. body];
        byte[] bytes = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7F, 1, 0x7F, 3, 2, 1, 0, 7, 5, 1, 1, (byte)'f', 0, 0, 10, .. Leb(entry.Length), .. entry];
        using Engine engine = new(new Config().WithNativeCode(lazy: false));
        using Module module = Module.FromBytes(engine, bytes);
        using Store store = new(engine);
        return new Linker(engine).Instantiate(store, module).GetFunction<int, int>("f")!(argument);
    }

    private static byte[] Leb(int value)
    {
        List<byte> bytes = [];
        for (; value >= 128; value >>= 7) bytes.Add((byte)(value | 128));
        return [.. bytes, (byte)value];
    }
}
