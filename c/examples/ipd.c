/* Two agents play the iterated prisoner's dilemma by a trained meta-value, which lies in this program as a constant.

   cc -O2 ipd.c $(pkg-config --cflags --libs meva) -o play

   The README has the commands before it, which install the library and make model.h.
*/
#include <stdio.h>

#include "meva.h"
#include "model.h"

#define PARAMETERS (2 * MEVA_MODEL_PARAMETERS)

static uint32_t workspace[MEVA_MODEL_WORKSPACE / sizeof(uint32_t)];

static int failed(meva_error error, const char *what) {
  if (error != MEVA_OK) {
    fprintf(stderr, "%s: %s\n", what, meva_error_name(error));
  }
  return error != MEVA_OK;
}

int main(void) {
  meva_model model;
  meva_info info;
  if (failed(meva_model_open(meva_model_image, sizeof meva_model_image, &model), "the model") ||
      failed(meva_model_info(&model, &info), "what it is")) {
    return 1;
  }
  printf("N = %u, H = %u, R = %u, M = %u; %zu bytes of workspace\n", (unsigned)info.shape.parameters,
         (unsigned)info.shape.hidden, (unsigned)info.shape.residual_blocks, (unsigned)info.shape.quantiles, sizeof workspace);

  /* Log-odds of cooperating: at the start, after DD, DC, CD, CC; player 0's, then player 1's. */
  float x[PARAMETERS] = {0.5f, -1.0f, 0.0f, -0.5f, 1.0f, -0.5f, 0.25f, 0.5f, 0.0f, 0.75f};
  const float gamma[2] = {0.95f, 0.95f};
  for (int step = 0; step <= 100; step++) {
    float values[2], returns[2], field[PARAMETERS];
    if (failed(meva_game_values(&info.game, x, PARAMETERS, returns, 2), "the returns") ||
        failed(meva_values(&model, x, PARAMETERS, gamma, 2, values, 2, workspace, sizeof workspace), "the meta-values") ||
        failed(meva_field(&model, x, PARAMETERS, gamma, 2, field, PARAMETERS, workspace, sizeof workspace), "the field")) {
      return 1;
    }
    if (step % 25 == 0) {
      printf("step %3d: returns %7.4f %7.4f, meta-values %7.4f %7.4f\n", step, returns[0], returns[1], values[0],
             values[1]);
    }
    for (int k = 0; k < PARAMETERS; k++) {
      x[k] += (float)info.alpha * field[k];
    }
  }
  return 0;
}
