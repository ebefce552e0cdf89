/* A library that was built for one shape, which no list has: it trains and evaluates that, and refuses others. */
#include <stdint.h>
#include <stdio.h>

#include "meva.h"

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "%d: not %s\n", __LINE__, #condition);  \
      return 1;                                               \
    }                                                         \
  } while (0)

static uint32_t memory[1 << 16], image[1 << 13], workspace[1 << 12];

int main(void) {
  const meva_shape shape = {1, 8, 2, 4}, listed = {1, 64, 1, 16};
  const meva_game game = {MEVA_LOGISTIC, 0, {{0}}};
  const meva_settings settings = {MEVA_FIELD_V, 0, 1, 0.9, 0.99, 1e-3, 0.9, 0.99, 1e-8, 1e-2};
  float x[2] = {3, -2}, gamma[2] = {0.9f, 0.9f}, loss = -1, field[2] = {0, 0};
  meva_model model;
  meva_info info;
  size_t size;
  CHECK(meva_training_size(&listed, 4, 1, &size) == MEVA_SHAPE_UNKNOWN);
  CHECK(meva_training_size(&shape, 4, 1, &size) == MEVA_OK && size <= sizeof memory);
  CHECK(meva_training_start(&shape, 4, 1, 0, NULL, memory, sizeof memory) == MEVA_OK);
  CHECK(meva_training_update(memory, sizeof memory, &settings, &game, x, 2, gamma, 2, &loss) == MEVA_OK && loss > 0);
  CHECK(meva_image_size(&shape, &size) == MEVA_OK && size <= sizeof image);
  CHECK(meva_training_image(memory, sizeof memory, &settings, &game, image, sizeof image) == MEVA_OK);
  CHECK(meva_model_open(image, size, &model) == MEVA_OK);
  CHECK(meva_model_info(&model, &info) == MEVA_OK && info.shape.hidden == 8 && info.shape.residual_blocks == 2);
  CHECK(meva_field(&model, x, 2, gamma, 2, field, 2, workspace, sizeof workspace) == MEVA_OK);
  CHECK(field[0] != 0);
  printf("trained and opened\n");
  return 0;
}
