# Completion of alloctrace for fish. What there is to complete, the tool says itself.

# The command that is being written: the first word if it is one, else run.
function __alloctrace_command
    set -l words (commandline -opc)
    if test (count $words) -gt 1; and contains -- $words[2] (alloctrace help --names 2>/dev/null | cut -f 1)
        echo $words[2]
    else
        echo run
    end
end

function __alloctrace_add_options -a command
    alloctrace $command --help=table 2>/dev/null | while read -d \t -l name letter argument choices help
        set -l how -c alloctrace -n "test (__alloctrace_command) = $command" -l $name -d $help
        if test $letter != -
            set -a how -s $letter
        end
        if test $choices != -
            set -a how -f -a $choices
        end
        # An argument that may be left out is completed after "=" only.
        if test $argument != -; and not string match -q '[*' -- $argument
            set -a how -r
        end
        complete $how
    end
end

for command in (alloctrace help --names 2>/dev/null | cut -f 1)
    __alloctrace_add_options $command
end
complete -c alloctrace -n 'test (count (commandline -opc)) -eq 1' -a '(alloctrace help --names 2>/dev/null)'
complete -c alloctrace -n 'test (__alloctrace_command) = help' -f -a '(alloctrace help --names 2>/dev/null)'
