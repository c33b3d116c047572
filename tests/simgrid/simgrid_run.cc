#include "simgrid_run.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <span>
#include <tuple>
#include <simgrid/s4u.hpp>

namespace mapwright::referee {

namespace {

namespace s4u = simgrid::s4u;

constexpr double kSpeed = 1e9;               // flops per second of every host: far from SimGrid's absolute precisions
constexpr std::uint32_t kDelayHosts = 256;   // delays take turns on them; one with few activities solves faster
constexpr int kManyCores = 1 << 20;          // so that delays never share

constexpr double kPrecision = 1e-12;         // seconds: SimGrid's own, as set below

// What the child hands back, in memory that it shares with its parent: this, then starts, then ends.
struct Header {
  double makespan = 0, set_up = 0, seconds = 0;
  std::uint64_t activities = 0, ended = 0, expected = 0;
};

class Execution {
 public:
  Execution(const Dag& dag, std::span<const double> dates, double* start, double* end)
      : dag_(dag), dates_(dates), start_(start), end_(end), pending_(dag.pending), running_(dag.nodes.size()) {
    // One model for everything: no factors, no TCP window, no cross traffic, weights that do not depend on bandwidth.
    for (const char* setting : {"network/model:CM02", "network/crosstraffic:0", "network/TCP-gamma:1e20",
                                "network/weight-S:0", "surf/precision:1e-12"}) {
      s4u::Engine::set_config(std::string(setting));
    }
    build_platform();
    s4u::Activity::on_completion_cb([this](const s4u::Activity& a) {
      done(static_cast<NodeIndex>(reinterpret_cast<std::uintptr_t>(a.get_data<void>())));
    });
    // An activity must outlive its own completion.
    s4u::Engine::on_time_advance_cb([this](double) { finished_.clear(); });
  }

  void feed() {
    if (!dates_.empty()) {
      for (NodeIndex n = 0; n < dag_.nodes.size(); ++n) {
        if (takes_part(n)) ready_.push_back(n);
      }
      std::sort(ready_.begin(), ready_.end(), [this](NodeIndex a, NodeIndex b) {
        return dates_[a] != dates_[b] ? dates_[a] > dates_[b] : a > b;
      });
      return tick();
    }
    for (NodeIndex n = 0; n < dag_.nodes.size(); ++n) {
      if (dag_.pending[n] == 0) ready_.push_back(n);
    }
    drain();
  }

  std::uint64_t expected() const {
    std::uint64_t n = 0;
    for (NodeIndex i = 0; i < dag_.nodes.size(); ++i) n += dates_.empty() || takes_part(i) ? 1u : 0u;
    return n;
  }

  std::uint64_t activities() const { return activities_; }
  std::uint64_t ended() const { return ended_; }
  double makespan() const { return makespan_; }

 private:
  // Latencies are delays of their own and links have none: in CM02 they would be weights.
  void build_platform() {
    s4u::NetZone* root = s4u::create_full_zone("root");
    s4u::NetZone* processors = s4u::create_empty_zone("processors")->set_parent(root);
    for (std::uint32_t h = 0; h < dag_.hosts; ++h) {
      hosts_.push_back(processors->create_host(fmt::format("host{}", h), kSpeed)->seal());
    }
    for (std::uint32_t h = 0; h < kDelayHosts; ++h) {
      s4u::Host* host = processors->create_host(fmt::format("delay{}", h), kSpeed);
      delays_.push_back(host->set_core_count(kManyCores)->seal());
    }
    processors->seal();
    s4u::NetZone* memories = s4u::create_full_zone("memories")->set_parent(root);
    std::vector<s4u::Link*> links;
    for (std::size_t c = 0; c < dag_.links.size(); ++c) {
      links.push_back(memories->create_link(fmt::format("link{}", c), dag_.links[c])->set_latency(0)->seal());
    }
    // Routes are between hosts: a memory is a host for each way that its copies go about, and another as the destination
    // of copies inside it, for a host reaches itself by a loopback.
    std::map<std::tuple<std::uint32_t, bool, bool>, s4u::Host*> ends;
    const auto end = [&](std::uint32_t memory, bool transposes, bool twin) {
      s4u::Host*& host = ends[{memory, transposes, twin}];
      if (!host) {
        host = memories->create_host(fmt::format("memory{}{}{}", memory, transposes ? "t" : "", twin ? "i" : ""), kSpeed)->seal();
      }
      return host;
    };
    for (const Path& p : dag_.paths) {
      paths_.emplace_back(end(p.from, p.transposes, false), end(p.to, p.transposes, p.from == p.to));
      // The rate of a Comm between hosts is ignored: a link that gives everyone its full bandwidth caps instead.
      std::vector<s4u::LinkInRoute> route;
      bool capped = true;
      for (const std::uint32_t l : p.links) {
        route.emplace_back(links[l]);
        capped = capped && dag_.links[l] > p.cap;
      }
      if (capped) {
        s4u::Link* cap = memories->create_link(fmt::format("cap{}", paths_.size()), p.cap)->set_latency(0);
        route.emplace_back(cap->set_sharing_policy(s4u::Link::SharingPolicy::FATPIPE)->seal());
      }
      memories->add_route(paths_.back().first->get_netpoint(), paths_.back().second->get_netpoint(), nullptr, nullptr, route, false);
    }
    memories->seal();
    root->seal();
  }

  bool takes_part(NodeIndex n) const {
    return dag_.nodes[n].kind == Node::Kind::Work || dag_.nodes[n].kind == Node::Kind::Copy;
  }

  // Starts what has the date of now, then lets time pass until the next date by work on a host of its own.
  void tick() {
    const double now = s4u::Engine::get_clock();
    while (!ready_.empty() && dates_[ready_.back()] <= now + kPrecision) {
      const NodeIndex n = ready_.back();
      ready_.pop_back();
      begin(n);
    }
    if (ready_.empty()) return;
    clock_ = s4u::Exec::init();
    clock_->set_flops_amount((dates_[ready_.back()] - now) * kSpeed);
    clock_->set_host(delays_.front());
    clock_->set_data(reinterpret_cast<void*>(std::uintptr_t {kClock}));
    clock_->vetoable_start();
  }

  // Starts what is ready now; what takes no time ends at once.
  void drain() {
    while (!ready_.empty()) {
      const NodeIndex n = ready_.back();
      ready_.pop_back();
      begin(n);
    }
  }

  void begin(NodeIndex n) {
    start_[n] = s4u::Engine::get_clock();
    const bool waits = dag_.nodes[n].kind == Node::Kind::Start && dag_.grid > 0;  // perhaps, without any delay
    if (dag_.nodes[n].kind == Node::Kind::Join || !(waits || dag_.nodes[n].amount > 0)) {
      finish(n);
    } else {
      start(n);
    }
  }

  void start(NodeIndex n) {
    const Node& node = dag_.nodes[n];
    ++activities_;
    void* tag = reinterpret_cast<void*>(std::uintptr_t {n});
    if (node.kind == Node::Kind::Copy) {
      s4u::CommPtr copy = s4u::Comm::sendto_init();
      copy->set_data(tag);
      copy->set_payload_size(static_cast<std::uint64_t>(node.amount));
      running_[n] = copy;
      copy->set_source(paths_[node.place].first);  // with both ends known it starts
      copy->set_destination(paths_[node.place].second);
      return;
    }
    s4u::ExecPtr work = s4u::Exec::init();
    work->set_data(tag);
    const double now = s4u::Engine::get_clock();
    work->set_flops_amount((node.kind == Node::Kind::Start ? dag_.over(node, now) - now : node.amount) * kSpeed);
    work->set_host(node.kind == Node::Kind::Work ? hosts_[node.place] : delays_[next_delay_++ % kDelayHosts]);
    running_[n] = work;
    work->vetoable_start();
  }

  void done(NodeIndex n) {
    if (n == kClock) {
      finished_.push_back(std::move(clock_));
      return tick();
    }
    finished_.push_back(std::move(running_[n]));
    finish(n);
    if (dates_.empty()) drain();
  }

  void finish(NodeIndex n) {
    end_[n] = s4u::Engine::get_clock();
    makespan_ = std::max(makespan_, end_[n]);
    ++ended_;
    if (!dates_.empty()) return;
    for (const NodeIndex s : dag_.successors_of(n)) {
      if (--pending_[s] == 0) ready_.push_back(s);
    }
  }

  static constexpr NodeIndex kClock = 0xffffffff;

  const Dag& dag_;
  std::span<const double> dates_;
  s4u::ExecPtr clock_;
  double *start_, *end_;
  std::vector<std::uint32_t> pending_;
  std::vector<NodeIndex> ready_;
  std::vector<s4u::ActivityPtr> running_, finished_;  // running: by node
  std::vector<s4u::Host*> hosts_, delays_;
  std::vector<std::pair<s4u::Host*, s4u::Host*>> paths_;
  std::uint32_t next_delay_ = 0;
  std::uint64_t activities_ = 0, ended_ = 0;
  double makespan_ = 0;
};

void execute(const Dag& dag, std::span<const double> dates, Header& header, double* start, double* end) {
  int argc = 2;
  std::string name = "referee", quiet = "--log=root.thres:critical";
  char* argv[] = {name.data(), quiet.data(), nullptr};
  const double begin = cpu_seconds();
  s4u::Engine engine(&argc, argv);
  Execution execution(dag, dates, start, end);
  const double built = cpu_seconds();
  execution.feed();
  engine.run();
  header = {.makespan = execution.makespan(), .set_up = built - begin, .seconds = cpu_seconds() - built,
            .activities = execution.activities(), .ended = execution.ended(), .expected = execution.expected()};
}

Executed run(const Dag& dag, std::span<const double> dates, unsigned seconds_limit) {
  const std::size_t n = dag.nodes.size();
  const std::size_t size = sizeof(Header) + 2 * n * sizeof(double);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Executed result;
  if (memory == MAP_FAILED) {
    result.trouble = "no memory to share with the child";
    return result;
  }
  auto* header = static_cast<Header*>(memory);
  auto* start = reinterpret_cast<double*>(header + 1);
  double* end = start + n;
  std::fflush(nullptr);  // or the child prints it again
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit limit {seconds_limit, seconds_limit};
    setrlimit(RLIMIT_CPU, &limit);
    execute(dag, dates, *header, start, end);
    _exit(0);  // SimGrid's own end may abort
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    result.trouble = fmt::format("SimGrid's process ended with status {:#x}", status);
  } else if (header->ended != header->expected) {
    result.trouble = fmt::format("{} of {} nodes never ended in SimGrid", header->expected - header->ended, header->expected);
  } else {
    result.start.assign(start, start + n);
    result.end.assign(end, end + n);
    result.makespan = header->makespan;
    result.activities = header->activities;
    result.set_up = header->set_up;
    result.seconds = header->seconds;
  }
  munmap(memory, size);
  return result;
}

}  // namespace

Executed run_simgrid(const Dag& dag, unsigned seconds_limit) { return run(dag, {}, seconds_limit); }

Executed run_simgrid_at(const Dag& dag, std::span<const double> dates, unsigned seconds_limit) {
  return run(dag, dates, seconds_limit);
}

}  // namespace mapwright::referee
