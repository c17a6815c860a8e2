using System.CommandLine;

namespace Hornet.Cli.Commands;

/// <summary>hornet completion SHELL: a script that completes hornet's command line, to be sourced by the shell.</summary>
internal sealed class CompletionCommand : Command
{
    public CompletionCommand() : base("completion", "Print a script that teaches a shell to complete hornet's command line.")
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Add(shell);
        SetAction(result => Console.Out.Write(result.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish }));
    }

    // Each asks hornet itself, through the directive [suggest:POSITION], so that the script never goes stale. A line without suggestions completes files.
    private const string Bash = """
        # bash completion for hornet:  source <(hornet completion bash)
        _hornet() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$(hornet "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
          [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o filenames -F _hornet hornet

        """;

    private const string Zsh = """
        #compdef hornet
        # zsh completion for hornet:  source <(hornet completion zsh)
        _hornet() {
          local -a found
          found=("${(@f)$(hornet "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          [ -n "${found[*]}" ] && compadd -- "${found[@]}"
          _files
        }
        compdef _hornet hornet

        """;

    private const string Fish = """
        # fish completion for hornet:  hornet completion fish | source
        complete -c hornet -a '(hornet "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'

        """;
}
