// The work of Pennant on GPUs.
#include "apps/gpu.h"
#include "apps/pennant/work.h"
#include "apps/support/cuda.h"

namespace mapwright::apps::pennant {

GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values) {
  using Work = void (*)(const Arguments&, const Setup&);
  const Expected<Setup> made = set_up(values);
  MW_CHECK(made.has_value(), "the program was built with these parameters");
  const Setup setup = *made;
  GpuKernels all;
  const auto add = [&](const char* name, Work work) {
    const Task& task = task_named(name);
    all.emplace_back(name, [&task, work, setup](program::KernelContext& c) { work(Arguments(c, task), setup); });
  };
  add("init_mesh_zones", work::init_mesh_zones<Cuda>);
  add("init_side_fracs", work::init_side_fracs<Cuda>);
  add("init_hydro", work::init_hydro<Cuda>);
  add("init_radial_velocity", work::init_radial_velocity<Cuda>);
  add("init_step_points", work::init_step_points<Cuda>);
  add("init_step_zones", work::init_step_zones<Cuda>);
  add("adv_pos_half", work::adv_pos_half<Cuda>);
  add("calc_centers", work::calc_centers<Cuda>);
  add("calc_volumes", work::calc_volumes<Cuda>);
  add("calc_char_len", work::calc_char_len<Cuda>);
  add("calc_rho_half", work::calc_rho_half<Cuda>);
  add("sum_point_mass", work::sum_point_mass<Cuda>);
  add("calc_state_at_half", work::calc_state_at_half<Cuda>);
  add("calc_force_pgas_tts", work::calc_force_pgas_tts<Cuda>);
  add("qcs_zone_center_velocity", work::qcs_zone_center_velocity<Cuda>);
  add("qcs_corner_divergence", work::qcs_corner_divergence<Cuda>);
  add("qcs_qcn_force", work::qcs_qcn_force<Cuda>);
  add("qcs_force", work::qcs_force<Cuda>);
  add("qcs_vel_diff", work::qcs_vel_diff<Cuda>);
  add("sum_point_force", work::sum_point_force<Cuda>);
  add("apply_boundary_conditions", work::apply_boundary_conditions<Cuda>);
  add("adv_pos_full", work::adv_pos_full<Cuda>);
  add("calc_centers_full", work::calc_centers_full<Cuda>);
  add("calc_volumes_full", work::calc_volumes_full<Cuda>);
  add("calc_work", work::calc_work<Cuda>);
  add("calc_work_rate_energy_rho_full", work::calc_work_rate_energy_rho_full<Cuda>);
  add("calc_dt_hydro", work::calc_dt_hydro<Cuda>);
  return all;
}

}  // namespace mapwright::apps::pennant
