using System.Runtime.ExceptionServices;

namespace Hornet.Wasm;

/// <summary>
/// Function bodies on their way to threads that validate them. The reader collects bodies into batches and queues them; workers
/// take them in order, and so does the reader when the queue is full, so that not more threads run than were asked for and all
/// goes on where no worker gets to run. Of several errors the one in the earliest body counts: batches behind it are
/// dropped, those before it were all queued before it and are finished.
/// </summary>
sealed class BodyValidation(int threads, ReadOnlyMemory<byte> whole) : IDisposable
{
    // A batch is submitted once it is that long; most last bodies fit the room behind.
    public const int BatchBytes = 1 << 16;
    const int BatchRoom = BatchBytes * 5 / 4;

    readonly record struct Body(int Function, int Offset, int Start, int Length);

    sealed class Batch
    {
        public readonly List<Body> Bodies = [];
        public byte[] Bytes = [];
        public int Length, Number;

        public void Clear()
        {
            Bodies.Clear();
            Length = 0;
            // One huge body need not keep its room.
            if (Bytes.Length > BatchRoom * 4) Bytes = [];
        }
    }

    readonly object _lock = new();
    readonly Queue<Batch> _queue = new();
    readonly Stack<Batch> _free = new();
    readonly int _capacity = threads * 2;
    ValidationContext? _context;
    FunctionValidator? _validator;
    Batch? _filling;
    int _batches, _workers, _busy;
    bool _closed;
    // Of the earliest error so far.
    int _errorBatch = int.MaxValue;
    ExceptionDispatchInfo? _error;

    /// <summary>The sections before the code are known.</summary>
    public void Start(ValidationContext context)
    {
        _context = context;
        _validator = new(context);
    }

    /// <summary>Validates a body now or later.</summary>
    public void Add(int function, ModuleBytes body)
    {
        if (threads == 1)
        {
            _validator!.Validate(function, body);
            return;
        }
        // Copies never outgrow their room, but for a body that is larger alone.
        if (whole.IsEmpty && _filling is { Length: > 0 } full && full.Length + body.Length > BatchRoom) Submit();
        Batch batch = _filling ??= NewBatch();
        int start = 0;
        if (whole.IsEmpty)
        {
            start = batch.Length;
            if (batch.Bytes.Length - start < body.Length) Array.Resize(ref batch.Bytes, Math.Max(BatchRoom, start + body.Length));
            body.Span.CopyTo(batch.Bytes.AsSpan(start));
        }
        batch.Bodies.Add(new(function, body.Offset, start, body.Length));
        batch.Length += body.Length;
        if (batch.Length >= BatchBytes) Submit();
    }

    /// <summary>Waits for all bodies; throws the first error.</summary>
    public void Finish()
    {
        // Nothing was queued; waking nobody still costs a small module more than its validation.
        if (threads == 1) return;
        if (_filling is not null) Submit();
        while (true)
        {
            Batch? batch;
            lock (_lock)
            {
                _closed = true;
                Monitor.PulseAll(_lock);
                while (!_queue.TryDequeue(out batch) && _busy > 0) Monitor.Wait(_lock);
                if (batch is null) break;
                _busy++;
            }
            Process(batch, _validator!);
        }
        _error?.Throw();
    }

    /// <summary>Lets the workers end; none reads the module afterwards.</summary>
    public void Dispose()
    {
        if (threads == 1) return;
        lock (_lock)
        {
            _closed = true;
            _queue.Clear();
            Monitor.PulseAll(_lock);
            while (_busy > 0) Monitor.Wait(_lock);
        }
    }

    Batch NewBatch()
    {
        Batch? batch;
        lock (_lock) _free.TryPop(out batch);
        batch ??= new();
        batch.Number = _batches++;
        return batch;
    }

    void Submit()
    {
        Batch batch = _filling!;
        _filling = null;
        bool startWorker = false;
        lock (_lock)
        {
            if (_queue.Count < _capacity)
            {
                _queue.Enqueue(batch);
                // The first batch waits for company: a small module needs no second thread.
                startWorker = _workers < threads - 1 && batch.Number > 0;
                if (startWorker) _workers++;
                Monitor.Pulse(_lock);
                batch = null!;
            }
            else
            {
                // Bodies that were queued first are done first: an error in them saves the rest.
                _queue.Enqueue(batch);
                batch = _queue.Dequeue();
                _busy++;
            }
        }
        if (startWorker) ThreadPool.UnsafeQueueUserWorkItem(static validation => validation.Work(), this, preferLocal: false);
        if (batch is not null) Process(batch, _validator!);
        // Whatever is wrong is in a body that was queued before: nothing that follows can come first.
        if (Volatile.Read(ref _error) is not null) Finish();
    }

    void Work()
    {
        FunctionValidator validator = new(_context!);
        while (true)
        {
            Batch? batch;
            lock (_lock)
            {
                while (!_queue.TryDequeue(out batch))
                {
                    if (_closed) return;
                    Monitor.Wait(_lock);
                }
                _busy++;
            }
            Process(batch, validator);
        }
    }

    void Process(Batch batch, FunctionValidator validator)
    {
        ExceptionDispatchInfo? error = null;
        try
        {
            if (batch.Number < Volatile.Read(ref _errorBatch)) Validate(batch, validator);
        }
        catch (Exception e)
        {
            // Rethrown where the reader waits, whatever it is.
            error = ExceptionDispatchInfo.Capture(e);
        }
        lock (_lock)
        {
            if (error is not null && batch.Number < _errorBatch)
            {
                _errorBatch = batch.Number;
                _error = error;
            }
            batch.Clear();
            _free.Push(batch);
            if (--_busy == 0) Monitor.PulseAll(_lock);
        }
    }

    void Validate(Batch batch, FunctionValidator validator)
    {
        foreach (Body body in batch.Bodies)
        {
            ReadOnlySpan<byte> bytes = whole.IsEmpty ? batch.Bytes.AsSpan(body.Start, body.Length) : whole.Span.Slice(body.Offset, body.Length);
            validator.Validate(body.Function, new(bytes, body.Offset));
        }
    }
}
