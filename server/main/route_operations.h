// What the OpenAPI document says of each route beyond the table itself: what it is for, its query,
// its body, its answers. The words of docs/formats/api.md, for programs.
#pragma once

#include <string>

#include "web/route.h"

namespace telltale::main::operations {

web::Operation healthz();
web::Operation readyz();
web::Operation metrics();
web::Operation openapi();
web::Operation link();
web::Operation session();
web::Operation signed_address();
web::Operation post_events();
web::Operation rejected();
web::Operation sources();
web::Operation runs();
web::Operation post_runs();
web::Operation post_pushes();
web::Operation cancel();
web::Operation run();
web::Operation run_events();
web::Operation graph();
web::Operation task();
web::Operation log();
web::Operation series();
web::Operation artifact();
web::Operation live();
web::Operation visualizations();
web::Operation post_visualization();
web::Operation visualization_types();
web::Operation visualization();
web::Operation cancel_visualization();
web::Operation visualization_part();
web::Operation shown_part();
web::Operation render_types();
web::Operation render_leases();
web::Operation render_beat();
web::Operation render_done();
web::Operation render_part();

// Members of components/schemas that stand in no protobuf file.
std::string schemas();

}  // namespace telltale::main::operations
