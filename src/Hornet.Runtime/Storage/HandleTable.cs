using System.Runtime.CompilerServices;

namespace Hornet.Runtime;

/// <summary>Host objects that guests refer to by number; the same object has the same number.</summary>
internal sealed class HandleTable
{
    // A GcRef has 30 bits for the number.
    const int Most = 1 << 30;

    // Fewer than this are not worth a collection.
    const int FirstLimit = 4096;

    int _limit = FirstLimit;
    readonly List<object?> _objects = [];
    readonly Stack<int> _free = [];
    readonly Dictionary<object, int> _numbers = new(ByReference.Instance);

    public object this[int number] => _objects[number]!;

    /// <summary>There are twice as many as the last sweep left: time for another one.</summary>
    public bool IsFull => _numbers.Count >= _limit;

    /// <summary>Forgets the objects whose bits are not set: no guest refers to them.</summary>
    public void Sweep(ReadOnlySpan<ulong> seen)
    {
        for (int i = 0; i < _objects.Count; i++)
        {
            if (_objects[i] is not { } unused || i >> 6 < seen.Length && (seen[i >> 6] >> (i & 63) & 1) != 0) continue;
            _numbers.Remove(unused);
            _objects[i] = null;
            _free.Push(i);
        }
        _limit = Math.Max(FirstLimit, 2 * _numbers.Count);
    }

    public int Add(object value)
    {
        if (_numbers.TryGetValue(value, out int number)) return number;
        if (_free.TryPop(out number))
        {
            _objects[number] = value;
        }
        else
        {
            number = _objects.Count;
            if (number == Most) throw new InvalidOperationException("too many host objects in one store");
            _objects.Add(value);
        }
        _numbers.Add(value, number);
        return number;
    }

    // Boxed numbers and strings too are what they are, not what they equal: a guest may compare what it holds.
    sealed class ByReference : IEqualityComparer<object>
    {
        public static readonly ByReference Instance = new();

        bool IEqualityComparer<object>.Equals(object? a, object? b) => ReferenceEquals(a, b);
        int IEqualityComparer<object>.GetHashCode(object o) => RuntimeHelpers.GetHashCode(o);
    }
}
