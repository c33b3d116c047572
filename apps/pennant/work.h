// apps/pennant/work.h - the kernels, by the name of their task.
#pragma once

#include "apps/pennant/arguments.h"

namespace mapwright::apps::pennant::work {

using Work = void(const Arguments&, const Setup&);

// init.cc
Work initialize_topology, init_pointers, init_mesh_zones, init_side_fracs, init_hydro, init_radial_velocity;
// geometry.cc
Work calc_centers, calc_volumes, calc_centers_full, calc_volumes_full, calc_char_len;
// hydro.cc
Work init_step_points, init_step_zones, adv_pos_half, calc_rho_half, sum_point_mass, calc_state_at_half, calc_force_pgas_tts,
    sum_point_force, apply_boundary_conditions, adv_pos_full, calc_work, calc_work_rate_energy_rho_full, calc_dt_hydro;
// viscosity.cc
Work qcs_zone_center_velocity, qcs_corner_divergence, qcs_qcn_force, qcs_force, qcs_vel_diff;

}  // namespace mapwright::apps::pennant::work
