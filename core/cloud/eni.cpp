#include "cloud/eni.hpp"

namespace terway::cloud {

std::string_view name_of(EniStatus status) {
    switch (status) {
        case EniStatus::Creating:
            return "Creating";
        case EniStatus::Available:
            return "Available";
        case EniStatus::Attaching:
            return "Attaching";
        case EniStatus::InUse:
            return "InUse";
        case EniStatus::Detaching:
            return "Detaching";
        case EniStatus::Deleting:
            return "Deleting";
        case EniStatus::Unknown:
            break;
    }
    return "Unknown";
}

std::string_view name_of(EniType type) {
    switch (type) {
        case EniType::Primary:
            return "Primary";
        case EniType::Secondary:
            return "Secondary";
        case EniType::Trunk:
            return "Trunk";
        case EniType::Member:
            return "Member";
        case EniType::Unknown:
            break;
    }
    return "Unknown";
}

}  // namespace terway::cloud
