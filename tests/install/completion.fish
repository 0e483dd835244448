# completion.fish FILE: sources the completion for fish and asks for what it would offer.
source $argv[1]; or exit 1
set -g code 0

# at TYPED wanted…: these words are offered, whatever is said about them.
function at
    set -l offered (complete -C $argv[1] | string replace -r '\t.*' '')
    if test "$offered" != "$argv[2..-1]"
        echo "after '$argv[1]' it offers '$offered', not '$argv[2..-1]'"
        set -g code 1
    end
end

at 'reprise explo' explore
at 'reprise run million_sl' million_sleepers
at 'reprise run say_hello --se' --seed --seeds
at 'reprise run say_hello --strategy ro' round_robin
at 'reprise run say_hello --strategy=ro' --strategy=round_robin
at 'reprise run million_sleepers --param ' n=
at 'reprise run million_sleepers --param n=' n=1000 n=1000000
at 'reprise run say_hello --trace /etc/hostn' /etc/hostname
at 'reprise run say_hello --trace=/etc/hostn' --trace=/etc/hostname
at 'reprise replay /etc/hostn' /etc/hostname
at 'reprise list /etc/hostn'
exit $code
