namespace Hornet.Fuzz;

/// <summary>
/// What a generator chose, number by number. Fresh decisions come from a seed; recorded ones are played back, and 0 follows behind
/// their end. Generators are written so that 0 is the simplest choice: cutting and lowering the list makes the module simpler.
/// </summary>
public sealed class Decisions
{
    readonly List<int> _taken = [], _counts = [];
    readonly int[]? _recorded;
    readonly byte[]? _bytes;
    readonly bool _goesOn;
    int _at;
    readonly long _round;
    ulong _state;

    /// <param name="seed">Any.</param>
    /// <param name="round">How many cases of the same kind there were before, for <see cref="InTurn"/>.</param>
    public Decisions(ulong seed, long round = 0) => (_state, _round) = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019, round);

    public Decisions(int[] recorded) => _recorded = recorded;

    /// <summary>Played back, and fresh behind the end.</summary>
    public Decisions(int[] recorded, ulong seed) : this(seed, 0) => (_recorded, _goesOn) = (recorded, true);

    /// <summary>From the bytes of another program's choice, as many for each number as it needs.</summary>
    public Decisions(byte[] bytes) => _bytes = bytes;

    /// <summary>All numbers so far.</summary>
    public int[] Taken => [.. _taken];

    /// <summary>Bytes that make the same decisions.</summary>
    public byte[] ToBytes()
    {
        List<byte> bytes = [];
        for (int i = 0; i < _taken.Count; i++)
            for (int size = Size(_counts[i]) - 1; size >= 0; size--) bytes.Add((byte)(_taken[i] >> 8 * size));
        return [.. bytes];
    }

    static int Size(int count) => count <= 1 << 8 ? 1 : count <= 1 << 16 ? 2 : count <= 1 << 24 ? 3 : 4;

    /// <summary>A number from 0 to <paramref name="count"/> - 1.</summary>
    public int Below(int count)
    {
        if (count <= 1) return 0;
        int value = _recorded is not null && (_taken.Count < _recorded.Length || !_goesOn) ? _taken.Count < _recorded.Length ? _recorded[_taken.Count] % count : 0
            : (int)((_bytes is null ? Next() : FromBytes(count)) % (ulong)count);
        _taken.Add(value);
        _counts.Add(count);
        return value;
    }

    /// <summary>One of them, and another one each round, so that all get their turn.</summary>
    public T InTurn<T>(IReadOnlyList<T> items)
    {
        // A step that has no divisor in common with the count, so that neighbours are far apart.
        if (_recorded is not null || _bytes is not null || _round == 0) return Of(items);
        int step = 97;
        while (items.Count % step == 0) step += 2;
        int value = (int)(_round * step % items.Count);
        _taken.Add(value);
        _counts.Add(items.Count);
        return items[value];
    }

    /// <summary>True once in so many times.</summary>
    public bool OnceIn(int count) => Below(count) == count - 1;

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public ulong Bits64() => (ulong)Below(1 << 22) << 42 ^ (ulong)Below(1 << 22) << 21 ^ (ulong)Below(1 << 22);

    uint FromBytes(int count)
    {
        uint number = 0;
        for (int left = Size(count); left > 0; left--) number = number << 8 | (_at < _bytes!.Length ? _bytes[_at++] : 0u);
        return number;
    }

    // xorshift64*
    ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545F4914F6CDD1D >> 16;
    }
}
