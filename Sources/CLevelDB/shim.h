#include <leveldb/c.h>
#include <stdlib.h>
