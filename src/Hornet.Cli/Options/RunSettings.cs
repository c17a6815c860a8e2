using Hornet.Wasm;

namespace Hornet.Cli.Options;

/// <summary>What the command line asks for, before it becomes a <c>Config</c>, a store's limits and a WASI configuration.</summary>
internal sealed class RunSettings
{
    /// <summary>The guest's arguments; the first is its own name.</summary>
    public string[] Arguments { get; set; } = [];
    /// <summary>The export to call instead of the command.</summary>
    public string? Invoke { get; set; }
    public List<(string Host, string Guest)> Directories { get; } = [];
    public List<(string Name, string Value)> Environment { get; } = [];
    public List<(string Name, string File)> Preloads { get; } = [];

    public Features Features { get; set; } = Features.Default;
    /// <summary>What goes straight into the engine's configuration.</summary>
    public Config Config { get; } = new();
    /// <summary>Instances come from a pool.</summary>
    public bool Pooling { get; set; }
    /// <summary>The pool's limits where something is said of them.</summary>
    public PoolingAllocationConfig? Pool { get; set; }
    /// <summary>Machine code, not the interpreter.</summary>
    public bool Native { get; set; } = true;
    /// <summary>-C compiler was given.</summary>
    public bool TierChosen { get; set; }
    /// <summary>Images may be run.</summary>
    public bool AllowPrecompiled { get; set; }
    public bool Lazy { get; set; } = true;
    /// <summary>What is compiled lazily is interpreted until it is hot.</summary>
    public bool TierUp { get; set; } = true;
    /// <summary>How profilers learn of machine code.</summary>
    public ProfilingStrategy Profiling { get; set; }
    /// <summary>Machine code is kept between runs.</summary>
    public bool Cache { get; set; } = true;
    public ulong? Fuel { get; set; }
    public TimeSpan? Timeout { get; set; }
    public long? MaxWasmStack { get; set; }
    /// <summary>What the guest's store may have.</summary>
    public ResourceLimits Limits { get; set; } = new();
    public bool UnknownImportsTrap { get; set; }
    public bool UnknownImportsDefault { get; set; }
    public bool ListenFd { get; set; }
    public List<System.Net.IPEndPoint> Listeners { get; } = [];
    public bool InheritEnvironment { get; set; }
    public bool InheritStandardInput { get; set; } = true;
    public bool InheritStandardOutput { get; set; } = true;
    public bool InheritStandardError { get; set; } = true;
    public bool Backtrace { get; set; } = true;

    /// <summary>Machine code where this process may make it; else the interpreter, with a warning, unless machine code was asked for.</summary>
    public void ChooseTier()
    {
        if (!Native || NativeConfig.Obstacle is not { } obstacle)
            return;
        if (TierChosen)
            throw new InputException($"guests cannot run as machine code here: {obstacle}");
        Console.Error.WriteLine($"hornet: warning: the interpreter runs the guest: {obstacle} (-C compiler=interpreter says so without a warning)");
        Native = false;
    }

    /// <summary>The engine's configuration.</summary>
    public Config Configuration()
    {
        if (Pool is not null && !Pooling)
            throw new UsageException("-O pooling-... options need -O pooling-allocator=y");
        if (Pooling)
            Config.Pooling(Pool ?? new());
        Config.WithFeatures(Features).WithFuelConsumption(Fuel is not null).WithEpochInterruption(Timeout is not null);
        if (MaxWasmStack is { } stack)
            Config.WithMaximumStackSize(stack);
        return Native ? Config.WithNativeCode(Lazy, TierUp) : Config;
    }

    public void Switch(Features feature, bool on) => Features = on ? Features | feature : Features & ~feature;
}
