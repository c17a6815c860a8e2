namespace Hornet.Native;

/// <summary>What is to be compiled in the background, for all modules of an engine, in the order in which it was asked for. Its thread ends when there is nothing to do.</summary>
internal sealed class CompileQueue
{
    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    readonly Lock _lock = new();
    readonly Queue<Action> _work = [];
    readonly AutoResetEvent _added = new(false);
    bool _running;

    /// <summary>Adds work; false where the system has no thread for it.</summary>
    public bool TryAdd(Action work)
    {
        lock (_lock)
        {
            if (!_running && !TryStart()) return false;
            _running = true;
            _work.Enqueue(work);
        }
        _added.Set();
        return true;
    }

    bool TryStart()
    {
        try
        {
            new Thread(Run) { IsBackground = true, Priority = ThreadPriority.BelowNormal, Name = "hornet compiler" }.Start();
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    void Run()
    {
        while (true)
        {
            Action? work;
            lock (_lock) _work.TryDequeue(out work);
            if (work is not null)
            {
                work();
                continue;
            }
            if (_added.WaitOne(s_patience)) continue;
            lock (_lock)
            {
                if (_work.Count > 0) continue;
                _running = false;
                return;
            }
        }
    }
}
