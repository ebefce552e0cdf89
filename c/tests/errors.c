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

/* A call with one of its pointers null, then misaligned: a pointer that is looked at is looked through no more. */
#define POINTER(pointer, call)                       \
  do {                                               \
    void *place = (void *)(pointer);                 \
    (pointer) = NULL;                                \
    EXPECT(MEVA_NULL_POINTER, call);                 \
    (pointer) = (void *)((char *)place + 1);         \
    EXPECT(MEVA_MISALIGNED, call);                   \
    (pointer) = place;                               \
  } while (0)

#define NAMED(error) EXPECT(MEVA_OK, strcmp(meva_error_name(error), #error) == 0 ? MEVA_OK : MEVA_CONTENTS)

/* Gives an image the checksum that fits: the CRC-32 of all bytes but its own. */
static void seal(uint32_t *image) {
  const unsigned char *bytes = (const unsigned char *)image;
  uint32_t crc = 0xFFFFFFFF;
  for (size_t byte = 0; byte < BYTES; byte++) {
    if (byte / 4 != 47) {
      crc ^= bytes[byte];
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
      }
    }
  }
  image[47] = ~crc;
}

int main(void) {
  EXPECT(MEVA_OK, meva_version() == MEVA_VERSION ? MEVA_OK : MEVA_CONTENTS);
  NAMED(MEVA_OK);
  NAMED(MEVA_NULL_POINTER);
  NAMED(MEVA_BUFFER_TOO_SMALL);
  NAMED(MEVA_MISALIGNED);
  NAMED(MEVA_NOT_FINITE);
  NAMED(MEVA_OUT_OF_RANGE);
  NAMED(MEVA_TRUNCATED);
  NAMED(MEVA_NO_IMAGE);
  NAMED(MEVA_IMAGE_VERSION);
  NAMED(MEVA_SHAPE_UNKNOWN);
  NAMED(MEVA_CHECKSUM);
  NAMED(MEVA_CONTENTS);
  NAMED(MEVA_NOT_STARTED);
  EXPECT(MEVA_OK, strcmp(meva_error_name(13), "unknown error") == 0 ? MEVA_OK : MEVA_CONTENTS);

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
  const uint32_t *opened = image;
  meva_model *opening = &untouched;
  POINTER(opened, meva_model_open(opened, BYTES - 1, opening));
  POINTER(opening, meva_model_open(opened, BYTES, opening));
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
      {0, MEVA_NO_IMAGE},       {1, MEVA_NO_IMAGE},       {2, MEVA_IMAGE_VERSION},  {3, MEVA_IMAGE_VERSION},
      {4, MEVA_CONTENTS},       {5, MEVA_SHAPE_UNKNOWN},  {6, MEVA_SHAPE_UNKNOWN}, {7, MEVA_SHAPE_UNKNOWN},
      {20, MEVA_CHECKSUM},      {40, MEVA_CHECKSUM},      {47, MEVA_CHECKSUM}, {48, MEVA_CHECKSUM},
      {BYTES / 4 - 1, MEVA_CHECKSUM}, {8, MEVA_CONTENTS}, {9, MEVA_CONTENTS}, {10, MEVA_CONTENTS},
  };
  for (size_t k = 0; k < sizeof damage / sizeof *damage; k++) {
    image[damage[k].word] ^= 64;
    EXPECT(damage[k].expected, meva_model_open(image, BYTES, &untouched));
    image[damage[k].word] ^= 64;
  }
  /* With a checksum that fits: the length, then contents without sense, then weights. */
  const struct {
    size_t word;
    uint32_t contents;
    meva_error expected;
  } nonsense[] = {
      {46, BYTES + 4, MEVA_TRUNCATED},       {46, BYTES - 4, MEVA_CONTENTS}, {6, 2, MEVA_SHAPE_UNKNOWN},
      {8, 2, MEVA_CONTENTS},                 {9, 2, MEVA_CONTENTS},               {10, 4, MEVA_CONTENTS},
      {11, 0, MEVA_CONTENTS},                {13, 0x7FF80000, MEVA_CONTENTS},     {15, 0x3FF00000, MEVA_CONTENTS},
      {31, 0xFFF00000, MEVA_CONTENTS},       {48, 0x7FC00000, MEVA_NOT_FINITE},   {48, 0xFF800000, MEVA_NOT_FINITE},
      {BYTES / 4 - 1, 0x7F800000, MEVA_NOT_FINITE},
  };
  for (size_t k = 0; k < sizeof nonsense / sizeof *nonsense; k++) {
    const uint32_t sense = image[nonsense[k].word];
    image[nonsense[k].word] = nonsense[k].contents;
    seal(image);
    EXPECT(nonsense[k].expected, meva_model_open(image, BYTES, &untouched));
    image[nonsense[k].word] = sense;
  }
  seal(image);
  EXPECT(MEVA_OK, memcmp(image, meva_model_image, BYTES) == 0 ? MEVA_OK : MEVA_CONTENTS);
  UNCHANGED(untouched);

  /* Evaluation. */
  meva_info info, no_info;
  size_t size, image_bytes, no_size;
  memset(&no_info, 0xA5, sizeof no_info);
  memset(&no_size, 0xA5, sizeof no_size);
  EXPECT(MEVA_OK, meva_model_info(&model, &info));
  const meva_model *m = &model;
  meva_info *told = &no_info;
  const meva_shape odd = {5, 17, 1, 16}, *shape = &info.shape;
  size_t *sized = &no_size;
  POINTER(m, meva_model_info(m, told));
  POINTER(told, meva_model_info(m, told));
  POINTER(shape, meva_workspace_size(shape, sized));
  POINTER(sized, meva_workspace_size(shape, sized));
  POINTER(shape, meva_image_size(shape, sized));
  POINTER(sized, meva_image_size(shape, sized));
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_workspace_size(&odd, &no_size));
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_image_size(&odd, &no_size));
  EXPECT(MEVA_OK, meva_workspace_size(&info.shape, &size));
  EXPECT(MEVA_OK, meva_image_size(&info.shape, &image_bytes));
  EXPECT(MEVA_OK, image_bytes == BYTES ? MEVA_OK : MEVA_BUFFER_TOO_SMALL);
  EXPECT(MEVA_OK, size == MEVA_MODEL_WORKSPACE ? MEVA_OK : MEVA_BUFFER_TOO_SMALL);
  char *workspace = malloc(size);
  if (workspace == NULL) {
    return 2;
  }
  float x[COUNT] = {0.5f, -0.25f}, gamma[2] = {0.9f, 0.8f};
  float q[MEVA_MODEL_QUANTILES], out[COUNT], two[2];
  EXPECT(MEVA_OK, meva_quantiles(&model, 1, x, COUNT, gamma, 2, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_OK, meva_values(&model, x, COUNT, gamma, 2, two, 2, workspace, size));
  EXPECT(MEVA_OK, meva_own_gradients(&model, x, COUNT, gamma, 2, out, COUNT, workspace, size));
  EXPECT(MEVA_OK, meva_field(&model, x, COUNT, gamma, 2, out, COUNT, workspace, size));
  memset(q, 0xA5, sizeof q);
  memset(out, 0xA5, sizeof out);
  memset(two, 0xA5, sizeof two);
  memset(workspace, 0xA5, size);
  meva_model unopened = {NULL, 0};
  EXPECT(MEVA_NOT_STARTED, meva_model_info(&unopened, &no_info));
  EXPECT(MEVA_NOT_STARTED, meva_quantiles(&unopened, 0, x, COUNT, gamma, 2, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_NOT_STARTED, meva_values(&unopened, x, COUNT, gamma, 2, two, 2, workspace, size));
  EXPECT(MEVA_NOT_STARTED, meva_own_gradients(&unopened, x, COUNT, gamma, 2, out, COUNT, workspace, size));
  EXPECT(MEVA_NOT_STARTED, meva_field(&unopened, x, COUNT, gamma, 2, out, COUNT, workspace, size));
  const float *at = x, *discount = gamma;
  float *quantiles = q, *rows = out, *pair = two;
  char *room = workspace;
#define QUANTILES meva_quantiles(m, 0, at, COUNT, discount, 2, quantiles, MEVA_MODEL_QUANTILES, room, size)
#define VALUES meva_values(m, at, COUNT, discount, 2, pair, 2, room, size)
#define OWN_GRADIENTS meva_own_gradients(m, at, COUNT, discount, 2, rows, COUNT, room, size)
#define FIELDS meva_fields(m, 1, at, COUNT, discount, 2, rows, COUNT, room, size)
#define FIELD meva_field(m, at, COUNT, discount, 2, rows, COUNT, room, size)
  POINTER(m, QUANTILES);
  POINTER(at, QUANTILES);
  POINTER(discount, QUANTILES);
  POINTER(quantiles, QUANTILES);
  POINTER(room, QUANTILES);
  POINTER(m, VALUES);
  POINTER(at, VALUES);
  POINTER(discount, VALUES);
  POINTER(pair, VALUES);
  POINTER(room, VALUES);
  POINTER(m, OWN_GRADIENTS);
  POINTER(at, OWN_GRADIENTS);
  POINTER(discount, OWN_GRADIENTS);
  POINTER(rows, OWN_GRADIENTS);
  POINTER(room, OWN_GRADIENTS);
  POINTER(m, FIELD);
  POINTER(at, FIELD);
  POINTER(discount, FIELD);
  POINTER(rows, FIELD);
  POINTER(room, FIELD);
  POINTER(m, FIELDS);
  POINTER(at, FIELDS);
  POINTER(discount, FIELDS);
  POINTER(rows, FIELDS);
  POINTER(room, FIELDS);
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_quantiles(m, 0, x, COUNT, gamma, 1, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_values(m, x, COUNT, gamma, 1, two, 2, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_values(m, x, COUNT, gamma, 2, two, 1, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_own_gradients(m, x, COUNT, gamma, 1, out, COUNT, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(m, x, COUNT, gamma, 1, out, COUNT, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_game_values(&info.game, x, COUNT, two, 1));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_quantiles(&model, 0, x, COUNT - 1, gamma, 2, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_quantiles(&model, 0, x, COUNT, gamma, 2, q, MEVA_MODEL_QUANTILES - 1, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_quantiles(&model, 0, x, COUNT, gamma, 2, q, MEVA_MODEL_QUANTILES, workspace, size - 1));
  EXPECT(MEVA_OUT_OF_RANGE, meva_quantiles(&model, 2, x, COUNT, gamma, 2, q, MEVA_MODEL_QUANTILES, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_values(&model, x, COUNT - 1, gamma, 2, two, 2, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_values(&model, x, COUNT, gamma, 2, two, 2, workspace, size - 1));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_own_gradients(&model, x, COUNT - 1, gamma, 2, out, COUNT, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_own_gradients(&model, x, COUNT, gamma, 2, out, COUNT - 1, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_own_gradients(&model, x, COUNT, gamma, 2, out, COUNT, workspace, size - 1));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(&model, x, COUNT - 1, gamma, 2, out, COUNT, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(&model, x, COUNT, gamma, 2, out, COUNT - 1, workspace, size));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_field(&model, x, COUNT, gamma, 2, out, COUNT, workspace, size - 1));
  const float wrong[] = {NAN, INFINITY, -INFINITY};
  for (int k = 0; k < 3; k++) {
    for (int place = 0; place < COUNT; place++) {
      const float right = x[place];
      x[place] = wrong[k];
      EXPECT(MEVA_NOT_FINITE, QUANTILES);
      EXPECT(MEVA_NOT_FINITE, VALUES);
      EXPECT(MEVA_NOT_FINITE, OWN_GRADIENTS);
      EXPECT(MEVA_NOT_FINITE, FIELD);
      EXPECT(MEVA_NOT_FINITE, meva_game_values(&info.game, x, COUNT, two, 2));
      x[place] = right;
    }
    gamma[1] = wrong[k];
    EXPECT(MEVA_NOT_FINITE, QUANTILES);
    EXPECT(MEVA_NOT_FINITE, VALUES);
    EXPECT(MEVA_NOT_FINITE, OWN_GRADIENTS);
    EXPECT(MEVA_NOT_FINITE, FIELD);
    gamma[1] = 0.8f;
  }
  for (int k = 0; k < 2; k++) {
    gamma[0] = k == 0 ? 1.5f : -0.1f;
    EXPECT(MEVA_OUT_OF_RANGE, QUANTILES);
    EXPECT(MEVA_OUT_OF_RANGE, VALUES);
    EXPECT(MEVA_OUT_OF_RANGE, OWN_GRADIENTS);
    EXPECT(MEVA_OUT_OF_RANGE, FIELD);
  }
  gamma[0] = 0.9f;
  const meva_game *game = &info.game;
  POINTER(game, meva_game_values(game, x, COUNT, two, 2));
  POINTER(at, meva_game_values(&info.game, at, COUNT, two, 2));
  POINTER(pair, meva_game_values(&info.game, x, COUNT, pair, 2));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_game_values(&info.game, x, COUNT - 1, two, 2));
  UNCHANGED(no_info);
  UNCHANGED(no_size);
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

  /* Many fields at once are the fields one by one; one that is wrong leaves all unwritten. */
  float many[3 * COUNT], each[6] = {0.9f, 0.8f, 0, 1, 0.5f, 0.25f}, fields[3 * COUNT], one[COUNT];
  for (int k = 0; k < 3 * COUNT; k++) {
    many[k] = 0.125f * (float)(k % 7) - 0.25f;
  }
  memset(fields, 0xA5, sizeof fields);
#define MANY(count, x_count, gamma_count, fields_count) \
  meva_fields(&model, count, many, x_count, each, gamma_count, fields, fields_count, workspace, size)
  EXPECT(MEVA_BUFFER_TOO_SMALL, MANY(3, 3 * COUNT - 1, 6, 3 * COUNT));
  EXPECT(MEVA_BUFFER_TOO_SMALL, MANY(3, 3 * COUNT, 5, 3 * COUNT));
  EXPECT(MEVA_BUFFER_TOO_SMALL, MANY(3, 3 * COUNT, 6, 3 * COUNT - 1));
  EXPECT(MEVA_BUFFER_TOO_SMALL, MANY(SIZE_MAX, 3 * COUNT, 6, 3 * COUNT));
  each[5] = 2;
  EXPECT(MEVA_OUT_OF_RANGE, MANY(3, 3 * COUNT, 6, 3 * COUNT));
  each[5] = NAN;
  EXPECT(MEVA_NOT_FINITE, MANY(3, 3 * COUNT, 6, 3 * COUNT));
  each[5] = 0.25f;
  EXPECT(MEVA_OK, MANY(0, 0, 0, 0));
  UNCHANGED(fields);
  EXPECT(MEVA_OK, MANY(3, 3 * COUNT, 6, 3 * COUNT));
  for (int k = 0; k < 3; k++) {
    EXPECT(MEVA_OK, meva_field(&model, many + k * COUNT, COUNT, each + 2 * k, 2, one, COUNT, workspace, size));
    EXPECT(MEVA_OK, memcmp(one, fields + k * COUNT, sizeof one) == 0 ? MEVA_OK : MEVA_CONTENTS);
  }

  /* Games and learners. */
  meva_game plane = {MEVA_LOGISTIC, 0, {{0}}}, unknown = {7, 0, {{0}}}, endless = info.game, infinite = info.game;
  endless.discount = 1;
  infinite.payoffs[1][1] = NAN;
  float kept[COUNT], flat[2] = {1, -1};
  for (unsigned learner = MEVA_NAIVE; learner <= MEVA_POLA; learner++) {
    EXPECT(MEVA_OK, meva_learner_step(learner, 0.5, 0.1, &info.game, x, COUNT));
    EXPECT(MEVA_OK, meva_learner_step(learner, 0.5, 0.1, &plane, flat, 2));
  }
  memcpy(kept, x, sizeof x);
  float *moved = x;
  POINTER(game, meva_learner_step(MEVA_LOLA, 0.5, 0.1, game, moved, COUNT));
  POINTER(moved, meva_learner_step(MEVA_LOLA, 0.5, 0.1, game, moved, COUNT));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &info.game, x, COUNT - 1));
  EXPECT(MEVA_OUT_OF_RANGE, meva_learner_step(99, 0.5, 0.1, &info.game, x, COUNT));
  EXPECT(MEVA_OUT_OF_RANGE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &unknown, x, COUNT));
  EXPECT(MEVA_OUT_OF_RANGE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &endless, x, COUNT));
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &infinite, x, COUNT));
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, NAN, 0.1, &info.game, x, COUNT));
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, 0.5, INFINITY, &info.game, x, COUNT));
  EXPECT(MEVA_OK, memcmp(kept, x, sizeof x) == 0 ? MEVA_OK : MEVA_CONTENTS);
  x[0] = NAN;
  memcpy(kept, x, sizeof x);
  EXPECT(MEVA_NOT_FINITE, meva_learner_step(MEVA_LOLA, 0.5, 0.1, &info.game, x, COUNT));
  EXPECT(MEVA_OK, memcmp(kept, x, sizeof x) == 0 ? MEVA_OK : MEVA_CONTENTS);

  /* Training. */
  meva_settings settings = {MEVA_FIELD_U, 0, 1, 0.9, 0.99, 1e-3, 0.9, 0.99, 1e-8, 1e-2};
  size_t bytes;
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_training_size(&odd, 4, 1, &no_size));
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_size(&info.shape, 0, 1, &no_size));
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_size(&info.shape, 4, 0, &no_size));
  POINTER(shape, meva_training_size(shape, 4, 1, sized));
  POINTER(sized, meva_training_size(shape, 4, 1, sized));
  UNCHANGED(no_size);
  EXPECT(MEVA_OK, meva_training_size(&info.shape, 4, 2, &bytes));
  EXPECT(MEVA_OK, bytes == MEVA_MODEL_TRAINING(4, 2) ? MEVA_OK : MEVA_BUFFER_TOO_SMALL);
  char *memory = calloc(1, bytes), *before = malloc(bytes);
  if (memory == NULL || before == NULL) {
    return 2;
  }
  float starts[2 * COUNT] = {0.25f, 1, -1}, discounts[4] = {0.5f, 0.25f, 0.75f, 1}, loss;
  memset(&loss, 0xA5, sizeof loss);
  EXPECT(MEVA_NOT_STARTED, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  char *started = memory;
  memset(memory, 0xA5, bytes);
  memset(before, 0xA5, bytes);
  POINTER(shape, meva_training_start(shape, 4, 2, 0, NULL, started, bytes));
  POINTER(started, meva_training_start(shape, 4, 2, 0, NULL, started, bytes));
  EXPECT(MEVA_MISALIGNED, meva_training_start(shape, 4, 2, 0, (const meva_model *)(void *)((char *)&model + 1), memory, bytes));
  EXPECT(MEVA_NOT_STARTED, meva_training_start(shape, 4, 2, 0, &unopened, memory, bytes));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_start(shape, 4, 2, 0, NULL, memory, bytes - 1));
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_training_start(&odd, 4, 2, 0, NULL, memory, bytes));
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_start(shape, 0, 2, 0, NULL, memory, bytes));
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_start(shape, 4, 0, 0, NULL, memory, bytes));
  EXPECT(MEVA_NOT_STARTED, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_OK, memcmp(before, memory, bytes) == 0 ? MEVA_OK : MEVA_CONTENTS);
  EXPECT(MEVA_OK, meva_training_start(&info.shape, 4, 2, 0, NULL, memory, bytes));
  memcpy(before, memory, bytes);
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_update(memory, bytes - 1, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT - 1, discounts, 4, &loss));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 3, &loss));
  const meva_settings *set = &settings;
  float *begun = starts, *lost = &loss;
  discount = discounts;
#define UPDATE meva_training_update(started, bytes, set, game, begun, 2 * COUNT, discount, 4, lost)
  POINTER(started, UPDATE);
  POINTER(set, UPDATE);
  POINTER(game, UPDATE);
  POINTER(begun, UPDATE);
  POINTER(discount, UPDATE);
  POINTER(lost, UPDATE);
  for (int k = 0; k < 3; k++) {
    discounts[3] = wrong[k];
    EXPECT(MEVA_NOT_FINITE, UPDATE);
  }
  discounts[3] = -1;
  EXPECT(MEVA_OUT_OF_RANGE, UPDATE);
  discounts[3] = 1;
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_training_update(memory, bytes, &settings, &plane, starts, 2 * COUNT, discounts, 4, &loss));
  settings.beta1 = 1;
  EXPECT(MEVA_OUT_OF_RANGE, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  settings.beta1 = NAN;
  EXPECT(MEVA_NOT_FINITE, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  settings.beta1 = 0.9;
  for (int place = 0; place < 2 * COUNT; place++) {
    const float right = starts[place];
    starts[place] = wrong[place % 3];
    EXPECT(MEVA_NOT_FINITE, UPDATE);
    starts[place] = right;
  }
  EXPECT(MEVA_OK, memcmp(before, memory, bytes) == 0 ? MEVA_OK : MEVA_CONTENTS);
  UNCHANGED(loss);
  EXPECT(MEVA_OK, meva_training_update(memory, bytes, &settings, &info.game, starts, 2 * COUNT, discounts, 4, &loss));
  EXPECT(MEVA_OK, loss > 0 && loss < 100 ? MEVA_OK : MEVA_NOT_FINITE);
  uint32_t *written = image;
#define IMAGE meva_training_image(started, bytes, set, game, written, BYTES)
  POINTER(started, IMAGE);
  POINTER(set, IMAGE);
  POINTER(game, IMAGE);
  POINTER(written, IMAGE);
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_image(memory, bytes - 1, &settings, &info.game, image, BYTES));
  EXPECT(MEVA_BUFFER_TOO_SMALL, meva_training_image(memory, bytes, &settings, &info.game, image, BYTES - 1));
  EXPECT(MEVA_SHAPE_UNKNOWN, meva_training_image(memory, bytes, &settings, &plane, image, BYTES));
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
