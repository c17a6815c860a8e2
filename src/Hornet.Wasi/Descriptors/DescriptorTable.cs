using Hornet.Wasi.Host;

namespace Hornet.Wasi.Descriptors;

/// <summary>A guest's numbers for its descriptors: always the lowest that is free, as POSIX programs expect.</summary>
internal sealed class DescriptorTable(int limit) : IDisposable
{
    Descriptor?[] _entries = new Descriptor?[8];
    /// <summary>No free number below it.</summary>
    int _lowest;
    Descriptor?[] _given = [];

    /// <summary>What is there now is the host's doing.</summary>
    public void Begin() => _given = [.. _entries];

    /// <summary>How many the guest has opened since and not closed.</summary>
    public int Opened => _entries.Count(d => d is not null && !_given.Contains(d));

    public Errno Add(Descriptor descriptor, out uint number)
    {
        while (_lowest < _entries.Length && _entries[_lowest] is not null)
            _lowest++;
        number = (uint)_lowest;
        if (_lowest >= limit)
            return Errno.MFile;
        if (_lowest == _entries.Length)
            Array.Resize(ref _entries, Math.Min(_entries.Length * 2, limit));
        _entries[_lowest++] = descriptor;
        return Errno.Success;
    }

    /// <summary>The descriptor, if the number is one and it has all of the rights.</summary>
    public Errno Get(uint number, Rights needed, out Descriptor descriptor)
    {
        descriptor = null!;
        if (number >= (uint)_entries.Length || _entries[number] is not { } found)
            return Errno.BadF;
        descriptor = found;
        return (found.Rights & needed) == needed ? Errno.Success : Errno.NotCapable;
    }

    public Errno Close(uint number)
    {
        Errno errno = Get(number, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        _entries[number] = null;
        _lowest = Math.Min(_lowest, (int)number);
        descriptor.Dispose();
        return Errno.Success;
    }

    /// <summary>Gives <paramref name="from"/>'s descriptor the number <paramref name="to"/>, and closes what had it.</summary>
    public Errno Renumber(uint from, uint to)
    {
        Errno errno = Get(from, Rights.None, out Descriptor moved);
        if (errno == Errno.Success)
            errno = Get(to, Rights.None, out _);
        else
            return errno;
        if (errno != Errno.Success || from == to)
            return errno;
        _entries[to]!.Dispose();
        _entries[to] = moved;
        _entries[from] = null;
        _lowest = Math.Min(_lowest, (int)from);
        return Errno.Success;
    }

    public void Dispose()
    {
        foreach (Descriptor? descriptor in _entries)
            descriptor?.Dispose();
        _entries = [];
    }
}
