// What every task uses and costs. Bytes follow from the uses: per zone, side and point those of PENNANT's fields, once for
// each read and each write.
#include <algorithm>

#include "apps/pennant/work.h"

namespace mapwright::apps::pennant {

bool is_vector(RegionIndex region, FieldIndex f) {
  constexpr FieldIndex kVectors[] = {kZareap, kPmaswt, kSareap};  // the vectors of a region come first
  return f < kVectors[region] && f % 2 == 0;
}

RegionIndex region_of(Part part) { return part == Part::Zones ? kZones : part == Part::Sides ? kSides : kPoints; }

namespace {

using enum Part;
constexpr Privilege kR = Privilege::Read, kRW = Privilege::ReadWrite, kW = Privilege::WriteDiscard, kPlus = Privilege::Reduce;
constexpr double kCleared = 1.5;  // read-write passes of an accumulator that the task clears first

std::vector<FieldIndex> complete(RegionIndex region, const std::vector<FieldIndex>& fields) {
  std::vector<FieldIndex> all;
  for (const FieldIndex f : fields) {
    all.push_back(f);
    if (is_vector(region, f)) all.push_back(f + 1);
  }
  std::sort(all.begin(), all.end());
  return all;
}

Use use(Part part, Privilege privilege, const std::vector<FieldIndex>& fields, double passes = 1) {
  return {.part = part, .privilege = privilege, .fields = complete(region_of(part), fields), .passes = passes, .twice = {}};
}

// Points that sides read or add to: private ones and ghosts.
void add_points(std::vector<Use>& uses, const std::vector<FieldIndex>& fields, double pointers) {
  uses.push_back(use(Private, kR, fields));
  uses.push_back(use(Ghost, kR, fields));
  uses.back().pointers = pointers;
}

constexpr FieldIndex kEnds[] = {kMapsz, kMapsp1, kMapsp1Reg, kMapsp2, kMapsp2Reg};
std::vector<FieldIndex> ends_and(std::vector<FieldIndex> fields) {
  fields.insert(fields.end(), std::begin(kEnds), std::end(kEnds));
  return fields;
}

Task per_point(std::string name, double flops, std::vector<Use> uses, void (*work)(const Arguments&, const Setup&), bool uses_dt = false) {
  return {.name = std::move(name), .uses = std::move(uses), .flops = flops, .per = Own, .uses_dt = uses_dt, .work = work};
}
Task per_zone(std::string name, double flops, std::vector<Use> uses, void (*work)(const Arguments&, const Setup&), bool uses_dt = false) {
  return {.name = std::move(name), .uses = std::move(uses), .flops = flops, .per = Zones, .uses_dt = uses_dt, .work = work};
}
// Zones, points through `pointers` of each side (if any fields), sides.
Task per_side(std::string name, double flops, std::vector<Use> zones, const std::vector<FieldIndex>& points, double pointers,
              std::vector<Use> sides, void (*work)(const Arguments&, const Setup&)) {
  Task t {.name = std::move(name), .uses = std::move(zones), .flops = flops, .per = Sides, .work = work};
  if (!points.empty()) add_points(t.uses, points, pointers);
  t.uses.insert(t.uses.end(), sides.begin(), sides.end());
  return t;
}
// Adds to points what every side's first corner gets.
Task sum(std::string name, double flops, Use zones, FieldIndex field, std::vector<Use> sides, void (*work)(const Arguments&, const Setup&)) {
  Task t {.name = std::move(name), .uses = {std::move(zones), use(Private, kRW, {field}), use(Ghost, kPlus, {field})}, .flops = flops, .per = Sides, .work = work};
  t.uses.insert(t.uses.end(), sides.begin(), sides.end());
  return t;
}

Task counting(Task t) {
  t.result = Task::Result::BadSides;
  return t;
}

std::vector<Task> make_cycle() {
  std::vector<Task> t;
  t.push_back(per_point("init_step_points", 0, {use(Own, kW, {kPmaswt, kPf})}, work::init_step_points<Threads>));
  t.push_back(per_zone("init_step_zones", 0, {use(Zones, kR, {kZvol}), use(Zones, kW, {kZvol0})}, work::init_step_zones<Threads>));
  t.push_back(per_point("adv_pos_half", 4, {use(Own, kR, {kPx, kPu}), use(Own, kW, {kPx0, kPxp, kPu0})}, work::adv_pos_half<Threads>, true));
  t.push_back(per_side("calc_centers", 9, {use(Zones, kR, {kZnump}), use(Zones, kRW, {kZxp}, kCleared)}, {kPxp}, 2,
                       {use(Sides, kR, ends_and({})), use(Sides, kW, {kExp})}, work::calc_centers<Threads>));
  t.push_back(counting(per_side("calc_volumes", 18, {use(Zones, kR, {kZxp, kZnump}), use(Zones, kRW, {kZareap, kZvolp}, kCleared)}, {kPxp}, 2,
                                {use(Sides, kR, ends_and({})), use(Sides, kW, {kSareap, kElen})}, work::calc_volumes<Threads>)));
  t.push_back(per_side("calc_char_len", 4, {use(Zones, kR, {kZnump}), use(Zones, kRW, {kZdl}, kCleared)}, {}, 0,
                       {use(Sides, kR, {kMapsz, kSareap, kElen})}, work::calc_char_len<Threads>));
  t.push_back(per_zone("calc_rho_half", 1, {use(Zones, kR, {kZvolp, kZm}), use(Zones, kW, {kZrp})}, work::calc_rho_half<Threads>));
  Use fractions = use(Sides, kR, {kMapsz, kMapsp1, kMapsp1Reg, kMapss3, kSmf});
  fractions.twice = {kSmf};
  t.push_back(sum("sum_point_mass", 5, use(Zones, kR, {kZareap, kZrp}), kPmaswt, {fractions}, work::sum_point_mass<Threads>));
  t.push_back(per_zone("calc_state_at_half", 28, {use(Zones, kR, {kZvol0, kZvolp, kZm, kZr, kZe, kZwrate}), use(Zones, kW, {kZp, kZss})}, work::calc_state_at_half<Threads>, true));
  t.push_back(per_side("calc_force_pgas_tts", 16, {use(Zones, kR, {kZxp, kZareap, kZrp, kZp, kZss})}, {}, 0,
                       {use(Sides, kR, {kMapsz, kSareap, kSmf, kExp}), use(Sides, kW, {kSfp, kSft})}, work::calc_force_pgas_tts<Threads>));
  t.push_back(per_side("qcs_zone_center_velocity", 5, {use(Zones, kR, {kZnump}), use(Zones, kRW, {kZuc}, kCleared)}, {kPu}, 1,
                       {use(Sides, kR, {kMapsz, kMapsp1, kMapsp1Reg})}, work::qcs_zone_center_velocity<Threads>));
  t.push_back(per_side("qcs_corner_divergence", 110, {use(Zones, kR, {kZxp, kZuc})}, {kPxp, kPu}, 2,
                       {use(Sides, kR, ends_and({kMapss3, kExp, kElen})), use(Sides, kW, {kCarea, kCcos, kCdiv, kCevol, kCdu})}, work::qcs_corner_divergence<Threads>));
  t.push_back(per_side("qcs_qcn_force", 20, {use(Zones, kR, {kZrp, kZss})}, {kPu}, 2,
                       {use(Sides, kR, ends_and({kMapss3, kElen, kCdiv, kCdu, kCevol})), use(Sides, kW, {kCqe1, kCqe2})}, work::qcs_qcn_force<Threads>));
  t.push_back(per_side("qcs_force", 22, {}, {}, 0, {use(Sides, kR, {kMapss4, kElen, kCarea, kCcos, kCqe1, kCqe2}), use(Sides, kW, {kSfq})}, work::qcs_force<Threads>));
  t.push_back(per_side("qcs_vel_diff", 10, {use(Zones, kR, {kZss}), use(Zones, kW, {kZdu}), use(Zones, kRW, {kZ0tmp}, kCleared)}, {kPxp, kPu}, 2,
                       {use(Sides, kR, ends_and({kElen}))}, work::qcs_vel_diff<Threads>));
  t.push_back(sum("sum_point_force", 8, use(Zones, kR, {kZnump}), kPf, {use(Sides, kR, {kMapsz, kMapsp1, kMapsp1Reg, kMapss3, kSfq, kSft})}, work::sum_point_force<Threads>));
  t.push_back(per_point("apply_boundary_conditions", 0, {use(Own, kR, {kHasBcx, kHasBcy}), use(Own, kRW, {kPu0, kPf})}, work::apply_boundary_conditions<Threads>));
  t.push_back(per_point("adv_pos_full", 16, {use(Own, kR, {kPx0, kPu0, kPf, kPmaswt}), use(Own, kW, {kPx, kPu})}, work::adv_pos_full<Threads>, true));
  t.push_back(per_side("calc_centers_full", 9, {use(Zones, kR, {kZnump}), use(Zones, kRW, {kZx}, kCleared)}, {kPx}, 2,
                       {use(Sides, kR, ends_and({})), use(Sides, kW, {kEx})}, work::calc_centers_full<Threads>));
  t.push_back(counting(per_side("calc_volumes_full", 14, {use(Zones, kR, {kZx, kZnump}), use(Zones, kRW, {kZarea, kZvol}, kCleared)}, {kPx}, 2,
                                {use(Sides, kR, ends_and({})), use(Sides, kW, {kSarea})}, work::calc_volumes_full<Threads>)));
  t.push_back(per_side("calc_work", 20, {use(Zones, kR, {kZnump}), use(Zones, kRW, {kZw, kZetot}, kCleared)}, {kPxp, kPu0, kPu}, 2,
                       {use(Sides, kR, ends_and({kSfp, kSfq}))}, work::calc_work<Threads>));
  t.back().uses_dt = true;
  t.push_back(per_zone("calc_work_rate_energy_rho_full", 6, {use(Zones, kR, {kZvol0, kZvol, kZm, kZw, kZp, kZetot}), use(Zones, kW, {kZwrate, kZe, kZr})},
                       work::calc_work_rate_energy_rho_full<Threads>, true));
  t.push_back(per_zone("calc_dt_hydro", 7, {use(Zones, kR, {kZdl, kZvol0, kZvol, kZss, kZdu})}, work::calc_dt_hydro<Threads>, true));
  t.back().result = Task::Result::TimeStep;
  return t;
}

std::vector<Task> make_initial() {
  const std::vector<FieldIndex> position {kPx, kHasBcx, kHasBcy}, maps {kMapsz, kMapss3, kMapss4, kMapsp1, kMapsp2};
  std::vector<Task> t;
  t.push_back({.name = "initialize_topology",
               .uses = {use(Zones, kW, {kZnump}), use(Private, kW, position), use(Shared, kW, position), use(Ghost, Privilege::None, {}), use(Sides, kW, maps)},
               .work = work::initialize_topology, .on_gpu = false});
  t.push_back({.name = "init_pointers",
               .uses = {use(Private, Privilege::None, {}), use(Ghost, Privilege::None, {}), use(Sides, kR, {kMapsp1, kMapsp2}), use(Sides, kW, {kMapsp1Reg, kMapsp2Reg})},
               .work = work::init_pointers, .on_gpu = false});
  t.push_back(per_zone("init_mesh_zones", 0, {use(Zones, kW, {kZx, kZarea, kZvol})}, work::init_mesh_zones<Threads>));
  t.push_back(per_side("init_side_fracs", 1, {use(Zones, kR, {kZarea})}, {}, 0, {use(Sides, kR, {kMapsz, kSarea}), use(Sides, kW, {kSmf})}, work::init_side_fracs<Threads>));
  t.push_back(per_zone("init_hydro", 2, {use(Zones, kR, {kZx, kZvol}), use(Zones, kW, {kZr, kZe, kZwrate, kZm, kZetot})}, work::init_hydro<Threads>));
  t.push_back(per_point("init_radial_velocity", 7, {use(Own, kR, {kPx}), use(Own, kW, {kPu})}, work::init_radial_velocity<Threads>));
  return t;
}

}  // namespace

const std::vector<Task>& cycle_tasks() {
  static const std::vector<Task> kTasks = make_cycle();
  return kTasks;
}

const std::vector<Task>& initial_tasks() {
  static const std::vector<Task> kTasks = make_initial();
  return kTasks;
}

const Task& task_named(std::string_view name) {
  for (const std::vector<Task>* tasks : {&initial_tasks(), &cycle_tasks()}) {
    for (const Task& t : *tasks) {
      if (t.name == name) return t;
    }
  }
  MW_CHECK(false, "no task {}", name);
}

}  // namespace mapwright::apps::pennant
