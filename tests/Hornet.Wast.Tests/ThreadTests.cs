using System.Text;
using Hornet.Wasm;

namespace Hornet.Wast.Tests;

/// <summary>Threads of a script, which the suite's files do not use.</summary>
public sealed class ThreadTests
{
    [Fact]
    public void Threads_that_wait_for_each_other_end()
    {
        const string Script = """
            (module $Mem (memory (export "shared") 1 1 shared))
            (thread $T1 (shared (module $Mem))
              (register "mem" $Mem)
              (module (memory (import "mem" "shared") 1 1 shared)
                (func (export "run") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
              (assert_return (invoke "run") (i32.const 0)))
            (thread $T2 (shared (module $Mem))
              (register "mem" $Mem)
              (module (memory (import "mem" "shared") 1 1 shared)
                (func (export "run") (result i32)
                  (loop $again (br_if $again (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))
                  (i32.const 7)))
              (assert_return (invoke "run") (i32.const 7)))
            (wait $T1)
            (wait $T2)
            """;
        WastResult result = WastRunner.Run(Encoding.UTF8.GetBytes(Script), Features.All);
        Assert.Empty(result.Failures);
        Assert.Equal(11, result.Passed);
    }

    [Fact]
    public void A_failure_in_a_thread_is_a_failure_of_the_script()
    {
        WastResult result = WastRunner.Run("""(thread $T (module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (i32.const 2))) (wait $T) (wait $U)"""u8, Features.All);
        Assert.Equal(2, result.Failures.Count);
        Assert.Contains("unknown thread U", result.Failures[1].Message);
    }
}
