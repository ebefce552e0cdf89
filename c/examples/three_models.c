/* Three models of two shapes in one program: two agents who have a network each play matching pennies, and two who share one
   play the Logistic Game. Prints the bits of where they end, which are the same on every processor.

   meva train imp --set hidden=16 --set residual_blocks=1 --set quantiles=16 --set outer=20 --out runs/imp
   meva train logistic --set hidden=16 --set outer=20 --out runs/logistic
   meva export runs/imp --to c-header --player 0 --name imp_0 --out imp_0.h
   meva export runs/imp --to c-header --player 1 --name imp_1 --out imp_1.h
   meva export runs/logistic --to c-header --out logistic.h
   cc -O2 three_models.c $(pkg-config --cflags --libs meva) -o three_models

   It needs nothing of the C library but what print() takes; on bare metal, embedded/c/start.c has that and calls main().
*/
#include "imp_0.h"
#include "imp_1.h"
#include "logistic.h"
#include "meva.h"

#if defined(__STDC_HOSTED__) && __STDC_HOSTED__
#include <stdio.h>
static void print(const char *text) { fputs(text, stdout); }
#else
void print(const char *text);
int main(void);
#endif

#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* One workspace serves all models, one after the other. */
static uint32_t workspace[MAX(MEVA_IMP_0_WORKSPACE, MEVA_LOGISTIC_WORKSPACE) / sizeof(uint32_t)];

static void print_bits(const float *numbers, size_t count) {
  size_t k;
  for (k = 0; k < count; k++) {
    union {
      float number;
      uint32_t bits;
    } both;
    char text[10];
    int digit;
    both.number = numbers[k];
    for (digit = 0; digit < 8; digit++) {
      text[digit] = "0123456789abcdef"[(both.bits >> (28 - 4 * digit)) & 15];
    }
    text[8] = k + 1 < count ? ' ' : '\n';
    text[9] = 0;
    print(text);
  }
}

/* Agents with a network each: both networks are evaluated at the same joint policy, and each gives its own player's row. */
static meva_error separate(void) {
  enum { N = MEVA_IMP_0_PARAMETERS };
  float x[2 * N] = {0.5f, -1.0f, 0.0f, -0.5f, 1.0f, -0.5f, 0.25f, 0.5f, 0.0f, 0.75f};
  const float gamma[2] = {0.9f, 0.8f};
  meva_model models[2];
  meva_info info;
  meva_error error;
  int step, player, k;
  if ((error = meva_model_open(meva_imp_0_image, sizeof meva_imp_0_image, &models[0])) != MEVA_OK ||
      (error = meva_model_open(meva_imp_1_image, sizeof meva_imp_1_image, &models[1])) != MEVA_OK ||
      (error = meva_model_info(&models[0], &info)) != MEVA_OK) {
    return error;
  }
  for (step = 0; step < 20; step++) {
    float fields[2][2 * N];
    for (player = 0; player < 2; player++) {
      error = meva_field(&models[player], x, 2 * N, gamma, 2, fields[player], 2 * N, workspace, sizeof workspace);
      if (error != MEVA_OK) {
        return error;
      }
    }
    for (k = 0; k < 2 * N; k++) {
      x[k] += (float)info.alpha * fields[k / N][k];
    }
  }
  print_bits(x, 2 * N);
  return MEVA_OK;
}

/* Agents who share a network. */
static meva_error shared(void) {
  float x[2] = {-3.0f, 2.5f};
  const float gamma[2] = {0.95f, 0.95f};
  meva_model model;
  meva_info info;
  meva_error error;
  int step, k;
  if ((error = meva_model_open(meva_logistic_image, sizeof meva_logistic_image, &model)) != MEVA_OK ||
      (error = meva_model_info(&model, &info)) != MEVA_OK) {
    return error;
  }
  for (step = 0; step < 20; step++) {
    float field[2];
    error = meva_field(&model, x, 2, gamma, 2, field, 2, workspace, sizeof workspace);
    if (error != MEVA_OK) {
      return error;
    }
    for (k = 0; k < 2; k++) {
      x[k] += (float)info.alpha * field[k];
    }
  }
  print_bits(x, 2);
  return MEVA_OK;
}

int main(void) {
  meva_error error = separate();
  if (error == MEVA_OK) {
    error = shared();
  }
  if (error != MEVA_OK) {
    print(meva_error_name(error));
    print("\n");
  }
  return error != MEVA_OK;
}
