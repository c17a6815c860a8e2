// Traps in a function that calls itself.
#include <stdio.h>
#include <stdlib.h>

static int fall(int depth)
{
    if (depth == 0)
        __builtin_trap(); // the trap
    return fall(depth - 1) + 1; // the inner call
}

int main(int argc, char **argv)
{
    printf("%d\n", argc);
    return fall(argc); // the outer call
}
