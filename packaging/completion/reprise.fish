# fish completion for reprise. The program itself says what could come next, so for one of your own that is linked with
# reprise-main this does it:  complete -c hello -f -a '(__reprise_complete)'
function __reprise_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    for line in ($program __complete $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            set -l current (commandline -ct)
            set -l before (string match -r -- '^--[^=]*=' $current)
            for file in (__fish_complete_path (string replace -- "$before" '' $current))
                echo -- "$before$file"
            end
        else
            echo -- $line
        end
    end
end
complete -c reprise -f -a '(__reprise_complete)'
