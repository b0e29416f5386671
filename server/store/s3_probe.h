// s3_probe: whether a store honours conditional writes, on which checkpoints rest: tries it, at
// once and with several writers at a time, on keys that it removes again. Blocks.
#pragma once

#include <string>

#include "store/s3_bucket.h"

namespace telltale::store {

// `name`: the store's, for the sentence. unavailable where it is out of reach; internal where it is
// not fit, or refuses us.
Status probe(S3Bucket& bucket, const std::string& name);

}  // namespace telltale::store
