using System.Net;
using System.Net.Sockets;
using System.Text;
using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;
using Hornet.Wasi.Waiting;

namespace Hornet.Wasi;

/// <summary>The WASI world of one store: what all interfaces and all its instances share.</summary>
internal sealed unsafe class WasiContext : IDisposable
{
    VmContext* _lastCaller;
    VmMemory* _lastMemory;
    readonly Action<Span<byte>>? _random;

    /// <exception cref="IOException">A directory or a file of the configuration cannot be opened.</exception>
    public WasiContext(WasiConfiguration configuration, IHostSystem? host = null)
    {
        Host = host ?? (OperatingSystem.IsLinux() ? LinuxHost.Instance
            : throw new PlatformNotSupportedException("WASI needs Linux: there is no host for this operating system yet"));
        Waker = new Waker(Host);
        Clock = new WasiClock(Host, configuration.Clock);
        Waiter = new Waiter(Host, Clock, Waker);
        Descriptors = new DescriptorTable(configuration.DescriptorLimit);
        _random = configuration.Random;
        Arguments = ZeroEnded(configuration.Arguments);
        Environment = ZeroEnded(configuration.Environment.ConvertAll(v => $"{v.Key}={v.Value}"));
        try
        {
            for (int i = 0; i < 3; i++)
                Add(Standard(i, configuration.Standard[i]));
            foreach (Socket socket in configuration.Listeners)
                Add(new ListenerDescriptor(Host, (int)socket.Handle, owned: false));
            foreach (int handle in configuration.ListenerHandles)
                Add(new ListenerDescriptor(Host, handle, owned: false));
            foreach (IPEndPoint address in configuration.ListenerAddresses)
            {
                Errno errno = Host.Listen(address, out int handle);
                if (errno != Errno.Success)
                    throw new IOException($"cannot listen on {address} for the guest: {errno}");
                Add(new ListenerDescriptor(Host, handle, owned: true));
            }
            foreach (WasiConfiguration.Preopen preopen in configuration.Preopens)
                Add(Directory(preopen));
            Descriptors.Begin();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IHostSystem Host { get; }
    public Waker Waker { get; }
    public Waiter Waiter { get; }
    public WasiClock Clock { get; }
    public DescriptorTable Descriptors { get; }
    /// <summary>Arguments, each with a zero at its end.</summary>
    public byte[][] Arguments { get; }
    /// <summary>Variables as NAME=VALUE, each with a zero at its end.</summary>
    public byte[][] Environment { get; }

    public void FillRandom(Span<byte> bytes)
    {
        if (_random is null)
            Host.FillRandom(bytes);
        else
            _random(bytes);
    }

    /// <summary>What the calling instance exports as "memory": preview 1's pointers mean it.</summary>
    public VmMemory* MemoryOf(Store store, VmContext* caller)
    {
        if (caller == _lastCaller && caller != null)
            return _lastMemory;
        Memory memory = caller == null ? null! : store.InstanceAt(caller->Instance).GetMemory("memory")!;
        if (memory is null)
            throw new HornetException("a function of WASI was called by a module that exports no memory of the name \"memory\"");
        // Both stay where they are as long as the store lives.
        _lastCaller = caller;
        return _lastMemory = memory.Storage.Vm;
    }

    /// <summary>Waits for a descriptor.</summary>
    public Errno Wait(Descriptor descriptor, Interest interest) => Waiter.Wait(descriptor, interest);

    public void Dispose()
    {
        Descriptors.Dispose();
        Waker.Dispose();
    }

    void Add(Descriptor descriptor)
    {
        if (Descriptors.Add(descriptor, out _) != Errno.Success)
            throw new ArgumentException("more preopens than the limit of open descriptors allows");
    }

    Descriptor Standard(int index, WasiConfiguration.StandardStream stream)
    {
        Rights rights = Rights.RegularFile & ~(index == 0 ? Rights.Mutating : Rights.FdRead);
        switch (stream.Kind)
        {
            case WasiConfiguration.StreamKind.Stream:
                return index == 0 ? new StreamInput(stream.Stream!, Waker) : new StreamOutput(stream.Stream!, Waker);
            case WasiConfiguration.StreamKind.File:
                return OwnedFile(index, stream.Path!, rights);
            case WasiConfiguration.StreamKind.Inherited:
                // A standard stream that the process was started without is one that goes nowhere.
                if (Host.IsInherited(index)
                    && HandleDescriptor.Create(Host, index, owned: false, rights, Rights.None, Host.Flags(index) & FdFlags.Append, out Descriptor inherited) == Errno.Success)
                    return inherited;
                break;
        }
        return new NullDescriptor(Rights.Stream & (index == 0 ? ~Rights.FdWrite : ~Rights.FdRead));
    }

    FileDescriptor OwnedFile(int index, string path, Rights rights)
    {
        Errno errno = Host.OpenHostFile(path, write: index != 0, out int handle);
        return errno == Errno.Success
            ? new FileDescriptor(Host, handle, owned: true, FileType.RegularFile, rights, FdFlags.None)
            : throw new IOException($"cannot open {path} for the guest: {errno}");
    }

    DirectoryDescriptor Directory(WasiConfiguration.Preopen preopen)
    {
        Errno errno = Host.OpenPreopen(preopen.HostPath, out int handle);
        if (errno != Errno.Success)
            throw new IOException($"cannot open the directory {preopen.HostPath} for the guest: {errno}");
        Rights refused = Rights.None;
        if (preopen.Files == WasiFilePermissions.Read)
            refused |= Rights.ReadOnlyFiles;
        if (preopen.Directories == WasiDirectoryPermissions.Read)
            refused |= Rights.ReadOnlyDirectories;
        return new DirectoryDescriptor(Host, handle, Rights.Directory & ~refused, Rights.DirectoryInheriting & ~refused, FdFlags.None,
            Encoding.UTF8.GetBytes(preopen.GuestPath));
    }

    static byte[][] ZeroEnded(List<string> texts)
    {
        var result = new byte[texts.Count][];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = new byte[Encoding.UTF8.GetByteCount(texts[i]) + 1];
            _ = Encoding.UTF8.GetBytes(texts[i], result[i]);
        }
        return result;
    }
}
