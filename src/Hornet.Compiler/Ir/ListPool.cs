using Hornet.Base;

namespace Hornet.Compiler.Ir;

/// <summary>All variable-length lists of one function in one array: a list is its capacity class, its length, and then
/// its elements. Freed blocks of a size class are kept in a chain and used again.</summary>
internal sealed class ListPool
{
    private const int Header = 2;
    private readonly FlatList<int> _data = new(256);
    private readonly int[] _free = new int[28];

    public ListPool() => Clear();

    public void Clear()
    {
        _data.Clear();
        _data.Add(0); // handle 0 is the empty list
        Array.Clear(_free);
    }

    public int Count(ListRef list) => list.Handle == 0 ? 0 : _data[list.Handle + 1];

    /// <summary>The elements, valid until any list grows.</summary>
    public Span<int> Get(ListRef list)
    {
        if (list.Handle == 0) return default;
        return _data.AsSpan().Slice(list.Handle + Header, _data[list.Handle + 1]);
    }

    public ListRef Create(ReadOnlySpan<int> items)
    {
        if (items.IsEmpty) return default;
        int handle = Allocate(ClassFor(items.Length));
        _data[handle + 1] = items.Length;
        items.CopyTo(_data.AsSpan()[(handle + Header)..]);
        return new ListRef(handle);
    }

    /// <summary>Appends an element; the list may move, so the result replaces <paramref name="list"/>.</summary>
    public ListRef Add(ListRef list, int item)
    {
        if (list.Handle == 0) return Create([item]);
        int count = _data[list.Handle + 1];
        int size = _data[list.Handle];
        int handle = list.Handle;
        if (count == 1 << size)
        {
            handle = Allocate(size + 1);
            _data.AsSpan().Slice(list.Handle + Header, count).CopyTo(_data.AsSpan()[(handle + Header)..]);
            Free(list);
        }
        _data[handle + 1] = count + 1;
        _data[handle + Header + count] = item;
        return new ListRef(handle);
    }

    public ListRef Copy(ListRef list)
    {
        if (list.Handle == 0) return default;
        int count = Count(list);
        int handle = Allocate(ClassFor(count));
        _data[handle + 1] = count;
        _data.AsSpan().Slice(list.Handle + Header, count).CopyTo(_data.AsSpan()[(handle + Header)..]);
        return new ListRef(handle);
    }

    public void Truncate(ListRef list, int count)
    {
        if (list.Handle != 0) _data[list.Handle + 1] = count;
    }

    public void Free(ListRef list)
    {
        if (list.Handle == 0) return;
        int size = _data[list.Handle];
        _data[list.Handle + 1] = _free[size];
        _free[size] = list.Handle;
    }

    private static int ClassFor(int count) => count <= 1 ? 0 : 32 - int.LeadingZeroCount(count - 1);

    private int Allocate(int size)
    {
        int handle = _free[size];
        if (handle != 0)
        {
            _free[size] = _data[handle + 1];
        }
        else
        {
            handle = _data.Count;
            _data.Resize(handle + Header + (1 << size), 0);
        }
        _data[handle] = size;
        _data[handle + 1] = 0;
        return handle;
    }
}
