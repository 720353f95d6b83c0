#include "laws.hpp"

#include <array>

namespace terway::conformance {

std::span<const Law> laws() {
    static constexpr std::array<Law, 18> kLaws{{
        {1, "attach then detach leaves nothing behind", law_undo, true, true, true},
        {2, "detach may be repeated and needs the key alone", law_repeat, true, true, true},
        {3, "detach of an unknown endpoint changes nothing", law_unknown, true, true, true},
        {4, "a failed verb says why and detach restores", law_failure, true, true, true},
        {5, "adopt changes nothing and knows the endpoint", law_adopt, true, true, true},
        {6, "check sees each missing object, adopt repairs", law_check, true, true, true},
        {7, "endpoints do not disturb one another", law_commute, true, true, true},
        {8, "no traffic before activate, traffic after", law_silence, true, false, false},
        {9, "unknown configuration keys are refused", law_config, true, true, true},
        {10, "verbs keep deadlines, leave no fd or thread", law_conduct, true, true, true},
        {11, "start may be repeated and purge undoes it", law_start, true, true, true},
        {12, "what apply was given is in force", law_apply, false, false, true},
        {13, "the file says who the module is", law_identity, true, true, true},
        {14, "prepare may be repeated and forget undoes it", law_eni_undo, true, false, false,
         true},
        {15, "check_eni sees what is missing, prepare repairs", law_eni_check, true, false, false,
         true},
        {16, "a failed prepare says why and forget restores", law_eni_failure, true, false, false,
         true},
        {17, "limits hold, follow and go", law_limit, false, true, false},
        {18, "Services lead to their backends, and go", law_service, false, false, true, false,
         true},
    }};
    return kLaws;
}

}  // namespace terway::conformance
