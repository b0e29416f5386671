#include "main/admin_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "admin/catalogue.h"
#include "admin/inventory.h"
#include "admin/relist.h"
#include "admin/removal.h"
#include "admin/verify.h"
#include "admin/wait_for.h"
#include "main/backends.h"
#include "runtime/asio_runtime.h"

namespace telltale::main {
namespace {

// The log and the store, and the loop that their answers come on.
struct Site {
  runtime::AsioRuntime loop{"admin"};
  Backends backends;

  ~Site() {
    if (backends.log != nullptr) backends.log->close();
    if (backends.store != nullptr) backends.store->close();
    loop.join();
  }
};

void say(const std::string& sentence) { fmt::print("{}\n", sentence); }

Result<admin::Catalogue> catalogue_of(Site& site) {
  if (site.backends.log == nullptr) return admin::Catalogue();
  return admin::read_catalogue(site.loop, *site.backends.log);
}

Result<int> list(Site& site, const AdminConfig& config) {
  admin::StoreCaller store(site.loop, *site.backends.store);
  const auto inventory = admin::take_inventory(store);
  if (!inventory.ok()) return inventory.error();
  const auto catalogue = catalogue_of(site);
  if (!catalogue.ok()) return catalogue.error();
  for (const std::string& trouble : inventory->troubles) fmt::print(stderr, "{}\n", trouble);
  const auto order = config.sort == "bytes" ? admin::RunOrder::bytes : admin::RunOrder::written;
  const auto write = config.json ? admin::inventory_json : admin::inventory_text;
  fmt::print("{}", write(inventory.value(), catalogue.value(), order));
  return 0;
}

Result<int> verify(Site& site) {
  admin::StoreCaller store(site.loop, *site.backends.store);
  const Result<admin::Verified> found = admin::verify(store, {say, say});
  if (!found.ok()) return found.error();
  fmt::print("Read: partitions {}, runs {}, snapshots {}, blocks {}, events in them {}.\n",
             found->partitions, found->runs, found->snapshots, found->event_blocks, found->events);
  if (found->other_versions > 0) {
    fmt::print("{} snapshots are of another version of the fold; their runs are folded again.\n",
               found->other_versions);
  }
  if (found->unnamed > 0)
    fmt::print("{} packs and snapshots are of no use any more; the fold removes them.\n",
               found->unnamed);
  if (found->wrong == 0) {
    say("All of it is whole.");
    return 0;
  }
  fmt::print("{} of it {} wrong.\n", found->wrong, found->wrong == 1 ? "is" : "are");
  return 1;
}

Result<admin::RemovalRequest> request_of(const Site& site, const AdminConfig& config) {
  admin::RemovalRequest request;
  request.force = config.force;
  request.dry_run = config.dry_run;
  if (config.run.empty() == config.older_than.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "What is to be deleted? Name a run with --run KEY, or all that ended long ago "
                 "with --older-than 30d."};
  }
  if (!config.run.empty()) {
    request.run = RunKey::parse(config.run);
    if (request.run) return request;
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--run {}: a run's key is the {} letters and digits in its address.",
                             config.run, kIdLength)};
  }
  const Result<std::int64_t> age = admin::parse_age(config.older_than);
  if (!age.ok()) return age.error();
  request.written_before_us = to_number(site.loop.now()) - age.value();
  return request;
}

void tell_what_remains(const Site& site, const AdminConfig& config, const admin::Removal& removed) {
  fmt::print("Runs {}: {}, of {} objects and {} bytes.\n",
             config.dry_run ? "that would be removed" : "removed", removed.runs.size(),
             removed.objects, removed.bytes);
  if (removed.left > 0) fmt::print("Runs left, as they may go on: {}.\n", removed.left);
  if (config.dry_run || removed.runs.empty()) return;
  if (site.backends.log != nullptr) {
    say("They are gone from the list of runs.");
  } else {
    say("The list of runs still names them: it is in the log. The same command for each of them "
        "with --log takes it from there.");
  }
  say("The log keeps their events until its retention ends.");
}

Result<int> remove(Site& site, const AdminConfig& config) {
  const auto request = request_of(site, config);
  if (!request.ok()) return request.error();
  admin::StoreCaller store(site.loop, *site.backends.store);
  const auto inventory = admin::take_inventory(store);
  if (!inventory.ok()) return inventory.error();
  const auto catalogue = catalogue_of(site);
  if (!catalogue.ok()) return catalogue.error();
  admin::Removal removed;
  const Status done = admin::remove_runs(store, inventory.value(), catalogue.value(),
                                         request.value(), say, removed);
  if (site.backends.log != nullptr && !config.dry_run) {
    const Status unlisted = admin::unlist(site.loop, *site.backends.log, removed.runs);
    if (!unlisted.ok()) return unlisted.error();
  }
  if (!done.ok()) return done.error();
  tell_what_remains(site, config, removed);
  return 0;
}

// Of partitions that the log has.
bool fits(Site& site, const std::map<int, LogOffset>& reach) {
  return std::all_of(reach.begin(), reach.end(), [&](const auto& entry) {
    const auto bounds = admin::wait_for<Result<ports::Bounds>>(site.loop, [&](auto done) {
      site.backends.log->bounds({ports::kEventsTopic, entry.first}, {site.loop, std::move(done)});
    });
    return bounds.ok() && bounds->end >= entry.second;
  });
}

Result<int> mend_log(ServeConfig places) {
  if (places.log.rfind("kafka://", 0) == 0) {
    return Error{ErrorCode::invalid_argument,
                 "Kafka's topics cannot be made to begin at an offset. Restore them, or give the "
                 "servers a new telltale.prefix and a new store."};
  }
  Result<admin::Inventory> inventory = admin::Inventory();
  {
    Site site;
    auto backends = Backends::open_for_admin(places);
    if (!backends.ok()) return backends.error();
    site.backends = backends.take();
    admin::StoreCaller store(site.loop, *site.backends.store);
    inventory = admin::take_inventory(store);
    if (!inventory.ok()) return inventory.error();
    if (!inventory->troubles.empty()) return Error{ErrorCode::corrupt, inventory->troubles.front()};
  }
  const std::map<int, LogOffset> reach = admin::reach_of(*inventory);
  Site site;
  auto as_it_is = Backends::open_to_mend(places, {});
  if (!as_it_is.ok()) return as_it_is.error();
  site.backends = as_it_is.take();
  const bool fitted = fits(site, reach);
  if (!fitted) {
    site.backends.log->close();
    site.backends.store->close();
    site.backends = {};
    auto mended = Backends::open_to_mend(places, reach);
    if (!mended.ok()) return mended.error();
    site.backends = mended.take();
    for (const auto& [partition, offset] : reach)
      fmt::print("Partition {} goes on at offset {}.\n", partition, to_number(offset));
  } else {
    say("The log fits its store.");
  }
  admin::StoreCaller store(site.loop, *site.backends.store);
  const auto catalogue = catalogue_of(site);
  if (!catalogue.ok()) return catalogue.error();
  const auto relisted =
      admin::relist(store, *site.backends.log, *inventory, *catalogue, !fitted, say);
  if (!relisted.ok()) return relisted.error();
  fmt::print("Runs listed again: {}.\n", relisted->runs);
  if (!fitted)
    say("What the old log had and the store has not, the last minute before it was lost, is gone.");
  return relisted->left == 0 ? 0 : 1;
}

void add_places(CLI::App& command, AdminConfig& config) {
  command
      .add_option("--store", config.store,
                  "The store: directory, or s3://BUCKET[?endpoint=URL&...]")
      ->envname("TELLTALE_STORE")
      ->capture_default_str();
  command
      .add_option("--data", config.data,
                  "Folder of a store that is one; a server that uses it has to be stopped")
      ->envname("TELLTALE_DATA")
      ->capture_default_str();
  command
      .add_option("--log", config.log,
                  "The log, for names and states and for the list of runs: sqlite, or "
                  "kafka://HOST:PORT[?property=value&...]; without it the one beside a store "
                  "that is a folder, if any")
      ->envname("TELLTALE_LOG");
}

}  // namespace

const CLI::App& add_admin(CLI::App& app, AdminConfig& config) {
  CLI::App& admin =
      *app.add_subcommand("admin", "What the store has of runs: list, verify, delete, mend-log");
  admin.require_subcommand(1);
  CLI::App& list =
      *admin.add_subcommand("list", "The runs, a line each: state, size, when last written, name");
  add_places(list, config);
  list.add_option("--sort", config.sort, "Newest or biggest first: written or bytes")
      ->check(CLI::IsMember({"written", "bytes"}))
      ->capture_default_str();
  list.add_flag("--json", config.json, "As JSON: {\"runs\":[...],\"objects\":N,\"bytes\":N}");
  CLI::App& verify = *admin.add_subcommand(
      "verify",
      "Reads every checkpoint, snapshot and block of events, and says what is missing or damaged; "
      "ends with 1 if anything is");
  add_places(verify, config);
  CLI::App& remove =
      *admin.add_subcommand("delete", "Removes runs from the store and from the list of runs");
  add_places(remove, config);
  remove.add_option("--run", config.run, "The run with this key");
  remove.add_option("--older-than", config.older_than,
                    "Runs that have ended and were last written this long ago: 30d, 12h, 90m, 45s");
  remove.add_flag("--force", config.force, "Also runs that have not ended");
  remove.add_flag("--dry-run", config.dry_run, "Only says what would be removed");
  CLI::App& mend = *admin.add_subcommand("mend-log",
                                         "Lets the log of this machine, where it was lost or is "
                                         "older than its store, go on behind what "
                                         "the store has, and lists the store's runs again");
  add_places(mend, config);
  return admin;
}

Result<int> admin_command(const CLI::App& admin, AdminConfig config) {
  ServeConfig places;
  places.store = config.store;
  places.log = config.log;
  places.data = std::filesystem::absolute(config.data).lexically_normal().string();
  if (admin.got_subcommand("mend-log")) return mend_log(std::move(places));
  Site site;
  auto backends = Backends::open_for_admin(places);
  if (!backends.ok()) return backends.error();
  site.backends = backends.take();
  if (admin.got_subcommand("list")) return list(site, config);
  if (admin.got_subcommand("verify")) return verify(site);
  return remove(site, config);
}

}  // namespace telltale::main
