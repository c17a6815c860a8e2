using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>Writes or reads slots while the store is driven.</summary>
internal unsafe delegate void SlotAction(Store store, ValRaw* values);

/// <summary>
/// A call of a guest that can wait without a thread. It has a guest stack of its own from its beginning to its end; while a host
/// function waits, that stack and a chain of activations are all there is of it. Whoever drives the store (<see cref="Store.Enter"/>) takes
/// steps with it, on any thread: docs/vm.md, "Calls that wait".
///
/// <code>
///   New ──► Running ──► Done
///             │  ▲
///   Suspended ▼  │ Wake, and then a step
/// </code>
/// </summary>
internal sealed unsafe class GuestTask
{
    enum State { New, Running, Suspended, Done }

    readonly Store _store;
    readonly Function _function;
    readonly SlotAction? _arguments, _results;
    readonly CancellationToken _cancellation;
    readonly ExecutionContext? _execution = ExecutionContext.Capture();
    CancellationTokenRegistration _registration;
    CancellationTokenSource? _stopping;
    TaskCompletionSource? _completion;
    ExceptionDispatchInfo? _failure;
    HostOperation? _operation;
    GuestStack? _stack;
    // The outermost activation, with the slots of arguments and results behind it.
    Activation* _activation;
    State _state;
    bool _cancelled, _done, _isNew;

    public GuestTask(Function function, SlotAction? arguments, SlotAction? results, CancellationToken cancellation)
    {
        (_store, _function, _arguments, _results, _cancellation) = (function.Store, function, arguments, results, cancellation);
    }

    // Only where a wait can never end because nobody knows of it any more.
    ~GuestTask() => Release();

    /// <summary>While suspended, where it is: the first of the activations that a collector or a backtrace visits.</summary>
    public Activation* Innermost { get; private set; }

    /// <summary>Whether it waits for its turn in the store's queue; guarded by the queue's lock.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Where it stands in the store's list of suspended tasks, or -1.</summary>
    public int Place { get; set; } = -1;

    public bool IsDone => Volatile.Read(ref _done);
    public bool IsCancelled => Volatile.Read(ref _cancelled);
    public CancellationToken Cancellation => _cancellation;

    /// <summary>Cancelled when nobody wants what a host function is doing for this call.</summary>
    public CancellationToken Stopping
    {
        get
        {
            CancellationTokenSource? known = Volatile.Read(ref _stopping);
            if (known is null)
            {
                CancellationTokenSource made = new();
                known = Interlocked.CompareExchange(ref _stopping, made, null) ?? made;
                if (IsDone) known.Cancel();
            }
            return known.Token;
        }
    }

    /// <summary>Takes the first step.</summary>
    /// <returns>Ends with the call; whether it failed is then said by <see cref="Finish"/>.</returns>
    public Task Start()
    {
        _cancellation.ThrowIfCancellationRequested();
        _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_cancellation.CanBeCanceled) _registration = _cancellation.UnsafeRegister(static task => ((GuestTask)task!).Cancel(), this);
        _store.Tasks.Start(this);
        return _completion.Task;
    }

    /// <summary>The call has ended: throws what it ended with.</summary>
    public void Finish()
    {
        _registration.Dispose();
        _failure?.Throw();
    }

    /// <summary>Something that the call waits for has happened. From any thread.</summary>
    public void Wake() => _store.Tasks.Post(this);

    void Cancel()
    {
        Volatile.Write(ref _cancelled, true);
        _store.Cancelled(this);
    }

    /// <summary>A host function waits: from here on the guest's code is left.</summary>
    public CallStatus Suspend(HostOperation operation)
    {
        _operation = operation;
        _isNew = true;
        operation.Task = this;
        Innermost = _store.Vm->Current;
        return CallStatus.Suspended;
    }

    /// <summary>Goes on as far as possible. The store is driven by this thread, which may be in the middle of another call.</summary>
    /// <returns>Whether the call has ended: then <see cref="Complete"/> is due.</returns>
    public bool Step()
    {
        if (IsDone) return false;
        switch (_state)
        {
            case State.New when IsCancelled:
                Fail(new OperationCanceledException(_cancellation));
                break;
            case State.New:
                Settle(Inside(Begin));
                break;
            case State.Suspended when _store.ShouldStop(this) is var trap && trap != TrapCode.None:
                Stop(trap);
                break;
            case State.Suspended:
                Settle(Inside(Continue));
                break;
        }
        return IsDone;
    }

    /// <summary>The store is going: a call that has not ended never will.</summary>
    public void Forsake()
    {
        if (_state is not (State.New or State.Suspended)) return;
        Fail(new ObjectDisposedException(nameof(Store), "the store was disposed while the call was waiting"));
        Complete();
    }

    /// <summary>Tells whoever awaits it.</summary>
    public void Complete() => _completion!.SetResult();

    // Host functions see the caller's async-locals wherever the call goes on.
    CallStatus Inside(Func<CallStatus> step)
    {
        ExecutionContext? outer = _execution is null ? null : ExecutionContext.Capture();
        if (_execution is null || outer == _execution) return step();
        CallStatus status = CallStatus.Ok;
        ExecutionContext.Run(_execution, _ => status = step(), null);
        return status;
    }

    CallStatus Begin()
    {
        ThreadBlock thread = ThreadBlock.Current;
        VmFuncRef* callee = _function.Reference;
        try
        {
            thread.PrepareFor(_store.Engine.Tier);
            _stack = thread.RentStack(_store.Engine);
            // SAFETY: machine code holds the address of the activation as long as the call lives; Release frees it.
            _activation = (Activation*)NativeMemory.AllocZeroed((nuint)(sizeof(Activation) + (_function.SlotCount + 1) * ValRaw.Size));
            _activation->Store = _store.Vm;
            _activation->StackBase = _activation->InterpreterTop = _stack.Base;
            _activation->StackEnd = _activation->NativeTop = _stack.End;
            _activation->HostStackLimit = thread.HostStackLimit;
            _activation->Suspendable = true;
            _arguments?.Invoke(_store, Values);
        }
        catch (Exception exception)
        {
            // Arguments that do not fit: no guest has run, so there is no trace of one.
            _failure = ExceptionDispatchInfo.Capture(exception);
            return CallStatus.HostException;
        }
        _state = State.Running;
        _store.Vm->Current = _activation;
        return callee->Context == null ? CallHost(callee) : _store.Engine.Tier.Call(_activation, callee, Values, ref _function.Way);
    }

    // A host function that the host calls itself, in an activation without frames.
    CallStatus CallHost(VmFuncRef* callee)
    {
        try
        {
            return _store.HostFunctionAt(callee->Index).Invoke(_store, null, Values);
        }
        catch (Exception exception)
        {
            return _store.KeepException(exception);
        }
    }

    /// <summary>From the inside out: what has ended goes on in what called it.</summary>
    CallStatus Continue()
    {
        _state = State.Running;
        _store.Tasks.Remove(this);
        Activation* activation = Innermost;
        ThreadBlock thread = ThreadBlock.Current;
        thread.PrepareFor(_store.Engine.Tier);
        for (Activation* a = activation; a != null; a = a->Parent) a->HostStackLimit = thread.HostStackLimit;
        _store.Vm->Current = activation;
        CallStatus status;
        try
        {
            status = _operation!.Resume(_store);
        }
        catch (Exception exception)
        {
            status = _store.KeepException(exception);
        }
        if (status == CallStatus.Suspended) return status;
        _operation = null;
        Innermost = null;
        if (_function.Reference->Context == null) return status;
        while (true)
        {
            status = _store.Engine.Tier.Resume(activation, status);
            if (status == CallStatus.Suspended || activation->Parent == null) return status;
            status = GuestCalls.EndInner(_store, ref activation, status);
        }
    }

    ValRaw* Values => (ValRaw*)(_activation + 1);

    void Settle(CallStatus status)
    {
        if (status == CallStatus.Suspended)
        {
            _state = State.Suspended;
            _store.Tasks.Suspend(this);
            bool begin = _isNew;
            _isNew = false;
            // One that was only asked again goes on waiting.
            if (!begin) return;
            try
            {
                _operation!.Begin();
            }
            catch (Exception exception)
            {
                // A host's timer or task that cannot be waited for.
                Fail(exception);
            }
            return;
        }
        if (status != CallStatus.Ok)
        {
            _failure ??= _store.ExceptionOf(_activation, status);
        }
        else if (_results is not null)
        {
            try
            {
                _results(_store, Values);
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }
        }
        End();
    }

    /// <summary>The guest is stopped where it waits: its stack is simply given up.</summary>
    void Stop(TrapCode trap)
    {
        Innermost->Trap = trap;
        _failure = _store.ExceptionOf(Innermost, CallStatus.Trap);
        End();
    }

    void Fail(Exception exception)
    {
        _failure = ExceptionDispatchInfo.Capture(exception);
        End();
    }

    void End()
    {
        _state = State.Done;
        Volatile.Write(ref _done, true);
        _store.Tasks.Remove(this);
        HostOperation? operation = _operation;
        _operation = null;
        try
        {
            operation?.Abandon();
        }
        catch (Exception)
        {
            // A host's timer that cannot be disposed: the call has ended for another reason, which is told.
        }
        if (_stack is not null) ThreadBlock.Current.ReturnStack(_stack);
        _stack = null;
        Release();
        GC.SuppressFinalize(this);
        // What a host function is still doing hears of it last, and not on this thread.
        if (Volatile.Read(ref _stopping) is { } stopping) _ = stopping.CancelAsync();
    }

    void Release()
    {
        _stack?.Owner.Return(_stack);
        _stack = null;
        // Inner activations, where the call ends while it is suspended.
        for (Activation* a = Innermost; a != null && a != _activation;)
        {
            Activation* parent = a->Parent;
            NativeMemory.Free(a);
            a = parent;
        }
        Innermost = null;
        NativeMemory.Free(_activation);
        _activation = null;
    }
}
