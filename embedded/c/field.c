/* The least that a program does with a model: opens it, and asks for the field at one joint policy. For its size. */
#include "meva.h"
#include "model.h"

void print(const char *text);
int main(void);

static uint32_t workspace[MEVA_MODEL_WORKSPACE / sizeof(uint32_t)];

int main(void) {
  const float x[2] = {3.0f, -2.0f}, gamma[2] = {0.9f, 0.9f};
  float field[2];
  meva_model model;
  meva_error error = meva_model_open(meva_model_image, sizeof meva_model_image, &model);
  if (error == MEVA_OK) {
    error = meva_field(&model, x, 2, gamma, 2, field, 2, workspace, sizeof workspace);
  }
  print(error == MEVA_OK && field[0] != 0 ? "a field\n" : "no field\n");
  return error != MEVA_OK;
}
