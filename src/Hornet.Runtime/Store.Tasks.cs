using System.Diagnostics.CodeAnalysis;
using Hornet.Runtime;

namespace Hornet;

// Calls that wait without a thread.
public sealed unsafe partial class Store
{
    TaskQueue? _tasks;

    internal TaskQueue Tasks => _tasks ?? MakeTasks();

    /// <summary>The call that runs, if it is one that can wait.</summary>
    internal GuestTask? RunningTask => _tasks?.Running;

    /// <summary>Whether calls can wait without a thread at all. An executable in which none does (hornet-micro) says so when it is published, and is smaller.</summary>
    [FeatureSwitchDefinition("Hornet.CallsThatWait")]
    internal static bool HasTasks { get; } = !AppContext.TryGetSwitch("Hornet.CallsThatWait", out bool enabled) || enabled;

    /// <summary>Whether a host function that a guest has called may wait by leaving the guest.</summary>
    internal bool CanSuspend => HasTasks && Vm->Current != null && Vm->Current->Suspendable;

    /// <summary>A host function waits; allowed where <see cref="CanSuspend"/>. What comes back is the host function's to return.</summary>
    internal CallStatus Suspend(HostOperation operation) => _tasks!.Running!.Suspend(operation);

    TaskQueue MakeTasks()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        TaskQueue made = new(this);
        TaskQueue known = Interlocked.CompareExchange(ref _tasks, made, null) ?? made;
        // The driver looks for tasks when it leaves, without a fence: from here on it sees them.
        if (IsDriven && !IsDriver) Interlocked.MemoryBarrierProcessWide();
        return known;
    }

    // What a host function still does whose call was cancelled is nothing that the store's owner could wait for, so it is waited for here.
    void EnterToDispose()
    {
        SpinWait spin = default;
        while (true)
        {
            int turns = _tasks?.HostTurns ?? 0;
            if (TryEnter()) return;
            if (IsDriver || (turns & 1) == 0 && turns == (_tasks?.HostTurns ?? 0)) throw new InvalidOperationException("the store cannot be disposed while one of its guests is running");
            spin.SpinOnce();
        }
    }

    /// <summary>Whether a call that waits must end instead of going on.</summary>
    internal TrapCode ShouldStop(GuestTask task) => task.IsCancelled ? TrapCode.Interrupt : Vm->Interrupt == 0 ? TrapCode.None : Interrupted();

    /// <summary>A call's own token says stop. From any thread.</summary>
    internal void Cancelled(GuestTask task)
    {
        if (Engine.Options.Interruptible) Raise(Interruption.Call);
        Tasks.Post(task);
    }

    /// <summary>Gives the innermost activation of each call that has begun and not ended.</summary>
    internal void VisitActivations(Action<nint> visit)
    {
        visit((nint)Vm->Current);
        _tasks?.VisitActivations(visit);
    }
}
