/* One of two units of a program, in C or C++; MAIN is defined in one of them. Both include both headers twice. */
#include "meva.h"
#include "model.h"
#include "meva.h"
#include "model.h"

#ifdef __cplusplus
extern "C"
#endif
meva_error other_unit(meva_model *model);

#ifdef MAIN
int main(void) {
  meva_model model;
  return other_unit(&model) == MEVA_OK && model.size == sizeof meva_model_image && meva_version() == MEVA_VERSION ? 0 : 1;
}
#else
meva_error other_unit(meva_model *model) { return meva_model_open(meva_model_image, sizeof meva_model_image, model); }
#endif
