using System.Diagnostics.CodeAnalysis;

namespace Hornet.Base;

/// <summary>A growable array whose elements are used in place. <see cref="Clear"/> keeps the memory, so that a list
/// that is used again and again stops allocating.</summary>
/// <typeparam name="T">The element, usually a struct.</typeparam>
public sealed class FlatList<T>
{
    private T[] _items;

    /// <summary>An empty list with room for <paramref name="capacity"/> elements.</summary>
    // Not cleared: what is never used is never touched, and so takes no memory.
    public FlatList(int capacity = 16) => _items = GC.AllocateUninitializedArray<T>(capacity);

    /// <summary>The number of elements.</summary>
    public int Count { get; private set; }

    /// <summary>The element at <paramref name="index"/>, in place: the reference is valid until the list grows.</summary>
    public ref T this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Count) ThrowRange();
            return ref _items[index];
        }
    }

    /// <summary>Appends an element and returns its index.</summary>
    public int Add(T item)
    {
        int index = Count;
        if (index == _items.Length) Grow(index + 1);
        _items[index] = item;
        Count = index + 1;
        return index;
    }

    /// <summary>Removes and returns the last element.</summary>
    public T Pop()
    {
        T item = this[Count - 1];
        Count--;
        return item;
    }

    /// <summary>Makes the list <paramref name="count"/> long; new elements are <paramref name="fill"/>.</summary>
    public void Resize(int count, T fill)
    {
        if (count > _items.Length) Grow(count);
        if (count > Count) _items.AsSpan(Count, count - Count).Fill(fill);
        Count = count;
    }

    /// <summary>Empties the list and makes it <paramref name="count"/> elements of <paramref name="fill"/>.</summary>
    public void Reset(int count, T fill)
    {
        Count = 0;
        Resize(count, fill);
    }

    /// <summary>Empties the list; its memory stays.</summary>
    public void Clear() => Count = 0;

    /// <summary>The elements, valid until the list grows.</summary>
    public Span<T> AsSpan() => _items.AsSpan(0, Count);

    private void Grow(int needed)
    {
        T[] larger = GC.AllocateUninitializedArray<T>(Math.Max(needed, Math.Max(8, _items.Length * 2)));
        _items.AsSpan(0, Count).CopyTo(larger);
        _items = larger;
    }

    [DoesNotReturn]
    private static void ThrowRange() => throw new ArgumentOutOfRangeException("index");
}
