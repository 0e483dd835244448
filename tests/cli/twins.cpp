// Two scenarios of one name, which no command can tell apart.

#include <reprise/reprise.hpp>

REPRISE_SCENARIO("twin", "the first") {}
REPRISE_SCENARIO("twin", "the second") {}
