/* Every wrong argument gives its error code and changes nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meva.h"
#include "model.h"

#define COUNT (2 * MEVA_MODEL_PARAMETERS)
#define BYTES sizeof meva_model_image

static int checks, failures;

#define EXPECT(expected, call)                                                                          \
  do {                                                                                                  \
    meva_error found = (call);                                                                          \
    checks++;                                                                                           \
    if (found != (expected)) {                                                                          \
      failures++;                                                                                       \
      fprintf(stderr, "%d: %s, expected %s: %s\n", __LINE__, meva_error_name(found), #expected, #call); \
    }                                                                                                   \
  } while (0)

#define UNCHANGED(place)                                                                \
  do {                                                                                  \
    checks++;                                                                           \
    for (size_t byte = 0; byte < sizeof(place); byte++) {                               \
      if (((const unsigned char *)&(place))[byte] != 0xA5) {                            \
        failures++;                                                                     \
        fprintf(stderr, "%d: %s was written to\n", __LINE__, #place);                   \
        break;                                                                          \
      }                                                                                 \
    }                                                                                   \
  } while (0)

int main(void) {
  /* From the heap and of exact size, so that a memory checker sees every byte past the end. */
  uint32_t *image = malloc(BYTES);
  meva_model model, untouched;
  memset(&untouched, 0xA5, sizeof untouched);
  if (image == NULL) {
    return 2;
  }
  memcpy(image, meva_model_image, BYTES);

  /* Images. */
  EXPECT(MEVA_OK, meva_model_open(image, BYTES, &model));
  EXPECT(MEVA_NULL_POINTER, meva_model_open(NULL, BYTES, &untouched));
  EXPECT(MEVA_NULL_POINTER, meva_model_open(image, BYTES, NULL));
  EXPECT(MEVA_MISALIGNED, meva_model_open((const char *)image + 1, BYTES - 1, &untouched));
  for (size_t size = 0; size < BYTES; size += size < 256 ? 1 : 997) {
    uint32_t *cut = malloc(size + 1);
    if (cut == NULL) {
      return 2;
    }
    memcpy(cut, image, size);
    EXPECT(MEVA_TRUNCATED, meva_model_open(cut, size, &untouched));
    free(cut);
  }
  const struct {
    size_t word;
    meva_error expected;
  } damage[] = {
      {0, MEVA_NO_IMAGE},       {1, MEVA_NO_IMAGE},       {2, MEVA_VERSION},  {3, MEVA_VERSION},
      {4, MEVA_CONTENTS},       {5, MEVA_SHAPE_UNKNOWN},  {6, MEVA_SHAPE_UNKNOWN}, {7, MEVA_SHAPE_UNKNOWN},
      {20, MEVA_CHECKSUM},      {40, MEVA_CHECKSUM},      {47, MEVA_CHECKSUM}, {48, MEVA_CHECKSUM},
      {BYTES / 4 - 1, MEVA_CHECKSUM}, {8, MEVA_CONTENTS}, {9, MEVA_CONTENTS}, {10, MEVA_CONTENTS},
  };
  for (size_t k = 0; k < sizeof damage / sizeof *damage; k++) {
    image[damage[k].word] ^= 64;
    EXPECT(damage[k].expected, meva_model_open(image, BYTES, &untouched));
    image[damage[k].word] ^= 64;
  }
  UNCHANGED(untouched);

  /* Evaluation. */
  meva_info info;
  size_t size, image_bytes;
  EXPECT(MEVA_OK, meva_model_info(&model, &info));
  EXPECT(MEVA_NULL_POINTER, meva_model_info(NULL, &info));
  EXPECT(MEVA_NULL_POINTER, meva_model_info(&model, NULL));
  EXPECT(MEVA_OK, meva_workspace_size(&info.shape, &size));
  EXPECT(MEVA_OK, meva_image_size(&info.shape, &image_bytes));
  EXPECT(MEVA_OK, image_bytes == BYTES ? MEVA_OK : MEVA_BUFFER_TOO_SMALL);
  char *workspace = malloc(size);
  if (workspace == NULL) {
    return 2;
  }
  float x[COUNT] = {0.5f, -0.25f}, gamma[2] = {0.9f, 0.8f};
  float q[MEVA_MODEL_QUANTILES], out[COUNT], two[2];
  EXPECT(MEVA_OK, meva_quantiles(&model, 1, x, COUNT, gamma, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_OK, meva_values(&model, x, COUNT, gamma, two, workspace, size));
  EXPECT(MEVA_OK, meva_own_gradients(&model, x, COUNT, gamma, out, COUNT, workspace, size));
  EXPECT(MEVA_OK, meva_field(&model, x, COUNT, gamma, out, COUNT, workspace, size));
  memset(q, 0xA5, sizeof q);
  memset(out, 0xA5, sizeof out);
  memset(two, 0xA5, sizeof two);
  memset(workspace, 0xA5, size);
  meva_model unopened = {NULL, 0};
  EXPECT(MEVA_NOT_STARTED, meva_field(&unopened, x, COUNT, gamma, out, COUNT, workspace, size));
  EXPECT(MEVA_NULL_POINTER, meva_field(NULL, x, COUNT, gamma, out, COUNT, workspace, size));
  EXPECT(MEVA_NULL_POINTER, meva_field(&model, NULL, COUNT, gamma, out, COUNT, workspace, size));
  EXPECT(MEVA_NULL_POINTER, meva_field(&model, x, COUNT, NULL, out, COUNT, workspace, size));
  EXPECT(MEVA_NULL_POINTER, meva_field(&model, x, COUNT, gamma, NULL, COUNT, workspace, size));
  EXPECT(MEVA_NULL_POINTER, meva_field(&model, x, COUNT, gamma, out, COUNT, NULL, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(&model, x, COUNT - 1, gamma, out, COUNT, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(&model, x, COUNT, gamma, out, COUNT - 1, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(&model, x, COUNT, gamma, out, COUNT, workspace, size - 1));
  EXPECT(MEVA_MISALIGNED, meva_field(&model, x, COUNT, gamma, out, COUNT, workspace + 1, size));
  EXPECT(MEVA_MISALIGNED, meva_field(&model, (const float *)(const void *)((const char *)x + 1), COUNT, gamma, out, COUNT, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_quantiles(&model, 0, x, COUNT, gamma, q, MEVA_MODEL_QUANTILES - 1, workspace, size));
  EXPECT(MEVA_OUT_OF_RANGE, meva_quantiles(&model, 2, x, COUNT, gamma, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_own_gradients(&model, x, COUNT, gamma, out, 0, workspace, size));
  EXPECT(MEVA_NULL_POINTER, meva_values(&model, x, COUNT, gamma, NULL, workspace, size));
  const float wrong[] = {NAN, INFINITY, -INFINITY};
  for (int k = 0; k < 3; k++) {
    x[COUNT - 1] = wrong[k];
    EXPECT(MEVA_NOT_FINITE, meva_field(&model, x, COUNT, gamma, out, COUNT, workspace, size));
    EXPECT(MEVA_NOT_FINITE, meva_values(&model, x, COUNT, gamma, two, workspace, size));
    EXPECT(MEVA_NOT_FINITE, meva_game_values(&info.game, x, COUNT, two));
    x[COUNT - 1] = 0;
    gamma[1] = wrong[k];
    EXPECT(MEVA_NOT_FINITE, meva_own_gradients(&model, x, COUNT, gamma, out, COUNT, workspace, size));
    gamma[1] = 0.8f;
  }
  gamma[0] = 1.5f;
  EXPECT(MEVA_OUT_OF_RANGE, meva_own_gradients(&model, x, COUNT, gamma, out, COUNT, workspace, size));
  gamma[0] = 0.9f;
  UNCHANGED(q);
  UNCHANGED(out);
  UNCHANGED(two);
  for (size_t byte = 0; byte < size; byte++) {
    if (workspace[byte] != (char)0xA5) {
      failures++;
      fprintf(stderr, "the workspace was written to\n");
      break;
    }
  }

  /* Games and learners. */
  meva_game plane = {MEVA_LOGISTIC, 0, {{0}}}, unknown = {7, 0, {{0}}}, endless = info.game, infinite = info.game;
  endless.discount = 1;
  infinite.payoffs[1][1] = NAN;
  float kept[COUNT], flat[2] = {1, -1};
  for (unsigned learner = MEVA_NAIVE; learner <= MEVA_HOLA3; learner++) {
    EXPECT(MEVA_OK, meva_learner_step(learner, 0.5, 0.1, &info.game, x, COUNT));
    EXPECT(MEVA_OK, meva_learner_step(learner, 0.5, 0.1, &plane, flat, 2));
  }
  memcpy(kept, x, sizeof x);
  EXPECT(MEVA_NULL_POINTER, meva_learner_step(MEVA_LOLA, 0.5, 0.1, NULL, x, COUNT));
  EXPECT(MEVA_NULL_POINTER, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &info.game, NULL, COUNT));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &info.game, x, COUNT - 1));
  EXPECT(MEVA_OUT_OF_RANGE, meva_learner_step(99, 0.5, 0.1, &info.game, x, COUNT));
  EXPECT(MEVA_OUT_OF_RANGE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &unknown, x, COUNT));
  EXPECT(MEVA_OUT_OF_RANGE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &endless, x, COUNT));
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &infinite, x, COUNT));
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, NAN, 0.1, &info.game, x, COUNT));
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, 0.5, INFINITY, &info.game, x, COUNT));
  EXPECT(MEVA_OK, memcmp(kept, x, sizeof x) == 0 ? MEVA_OK : MEVA_CONTENTS);

  /* Training. */
  const meva_shape odd = {5, 17, 1, 16};
  meva_settings settings = {MEVA_FIELD_U, 0, 1, 0.9, 0.99, 1e-3, 0.9, 0.99, 1e-8, 1e-2};
  size_t bytes;
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_training_size(&odd, 4, 1, &bytes));
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_size(&info.shape, 0, 1, &bytes));
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_size(&info.shape, 4, 0, &bytes));
  EXPECT(MEVA_NULL_POINTER, meva_training_size(NULL, 4, 1, &bytes));
  EXPECT(MEVA_NULL_POINTER, meva_training_size(&info.shape, 4, 1, NULL));
  EXPECT(MEVA_OK, meva_training_size(&info.shape, 4, 2, &bytes));
  char *memory = calloc(1, bytes), *before = malloc(bytes);
  if (memory == NULL || before == NULL) {
    return 2;
  }
  float starts[2 * COUNT] = {0.25f, 1, -1}, discounts[4] = {0.5f, 0.25f, 0.75f, 1}, loss;
  memset(&loss, 0xA5, sizeof loss);
  EXPECT(MEVA_NOT_STARTED, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_NULL_POINTER, meva_training_start(&info.shape, 4, 2, 0, NULL, NULL, bytes));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_start(&info.shape, 4, 2, 0, NULL, memory, bytes - 1));
  EXPECT(MEVA_MISALIGNED, meva_training_start(&info.shape, 4, 2, 0, NULL, memory + 2, bytes));
  EXPECT(MEVA_NOT_STARTED, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_OK, meva_training_start(&info.shape, 4, 2, 0, NULL, memory, bytes));
  memcpy(before, memory, bytes);
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_update(memory, bytes - 1, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT - 1, discounts, 4, &loss));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 3, &loss));
  EXPECT(MEVA_NULL_POINTER, meva_training_update(memory, bytes, NULL, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_NULL_POINTER, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, NULL));
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_training_update(memory, bytes, &settings, &plane, starts, 2 * COUNT, discounts, 4, &loss));
  settings.beta1 = 1;
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  settings.beta1 = NAN;
  EXPECT(MEVA_NOT_FINITE, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  settings.beta1 = 0.9;
  starts[2 * COUNT - 1] = NAN;
  EXPECT(MEVA_NOT_FINITE, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  starts[2 * COUNT - 1] = 0;
  EXPECT(MEVA_OK, memcmp(before, memory, bytes) == 0 ? MEVA_OK : MEVA_CONTENTS);
  UNCHANGED(loss);
  EXPECT(MEVA_OK, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_OK, loss > 0 && loss < 100 ? MEVA_OK : MEVA_NOT_FINITE);
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_image(memory, bytes, &settings, &info.game, image, BYTES - 1));
  EXPECT(MEVA_OK, memcmp(image, meva_model_image, BYTES) == 0 ? MEVA_OK : MEVA_CONTENTS);
  EXPECT(MEVA_OK, meva_training_image(memory, bytes, &settings, &info.game, image, BYTES));
  EXPECT(MEVA_OK, meva_model_open(image, BYTES, &model));
  EXPECT(MEVA_OK, meva_training_start(&info.shape, 4, 2, 0, &model, memory, bytes));

  free(memory);
  free(before);
  free(workspace);
  free(image);
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0;
}
