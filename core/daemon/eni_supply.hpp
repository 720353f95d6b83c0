#pragma once
#include "daemon/supply.hpp"
