#include "daemon/eni_supply.hpp"
