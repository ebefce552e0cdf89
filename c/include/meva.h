/* The numeric core of meta-value learning for C and C++. Made by cbindgen from c/src: change it there.

   Errors. Functions return a code with a name (meva_error_name). Unless it is MEVA_OK, nothing was written, to any argument.

   Memory is the caller's. Nothing is allocated, and no pointer is kept but that to an image, in the meva_model that
   meva_model_open makes of it: the image must stay where it is, unchanged, as long as that is used. A meva_model may be
   copied; there is nothing to close. Workspace is scratch: it holds nothing between calls and may serve any model that it is
   large enough for. Images, workspace and training memory are aligned to MEVA_ALIGNMENT, everything else as its type asks.
   The number of elements of an array, or of bytes, follows its pointer; it may be larger than needed. What a call writes
   must overlap none of its other arguments.

   Threads. The library has no state of its own: any calls may run side by side, on one model too, as long as none writes
   memory (outputs, workspace, training memory) that another uses. It takes no locks and may be called from interrupts.

   Networks of each player's own are two models, one exported for each player. Both are evaluated at the same joint policy,
   and row i of an answer (the field, the values) is taken from player i's model; c/examples/three_models.c does that.

   Shapes. A program links the code for every shape that the library was built with, and the library's makers choose them:
   MEVA_SHAPES="1,64,1,16" cargo build --release -p meva-c. */

#ifndef MEVA_H
#define MEVA_H

#include <stddef.h>
#include <stdint.h>
#if !defined(__cplusplus) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "meva.h needs C99 or later, or C++11 or later: compile with -std=c99, say"
#endif

/*
 The Logistic Game.
 */
#define MEVA_LOGISTIC 0

/*
 The Tandem game.
 */
#define MEVA_TANDEM 1

/*
 An iterated 2 x 2 game.
 */
#define MEVA_ITERATED 2

/*
 Matching pennies played once.
 */
#define MEVA_MATCHING_PENNIES 3

/*
 The bilinear game.
 */
#define MEVA_BILINEAR 4

/*
 The quadratic game.
 */
#define MEVA_QUADRATIC 5

/*
 Naive learning.
 */
#define MEVA_NAIVE 0

/*
 LookAhead.
 */
#define MEVA_LOOKAHEAD 1

/*
 LOLA, which is HOLA(1).
 */
#define MEVA_LOLA 2

/*
 LOLA by its first-order expansion.
 */
#define MEVA_LOLA_TAYLOR 3

/*
 HOLA(2).
 */
#define MEVA_HOLA2 4

/*
 HOLA(3).
 */
#define MEVA_HOLA3 5

/*
 LOLA as it was published in 2018.
 */
#define MEVA_LOLA_2018 6

/*
 Stable opponent shaping.
 */
#define MEVA_SOS 7

/*
 Consensus optimisation.
 */
#define MEVA_CONSENSUS 8

/*
 Symplectic gradient adjustment.
 */
#define MEVA_SGA 9

/*
 Competitive gradient descent.
 */
#define MEVA_CGD 10

/*
 The extragradient method.
 */
#define MEVA_EXTRAGRADIENT 11

/*
 LookAhead of two levels.
 */
#define MEVA_LOOKAHEAD2 12

/*
 LookAhead of three levels.
 */
#define MEVA_LOOKAHEAD3 13

/*
 Proximal LOLA.
 */
#define MEVA_POLA 14

/*
 Agents follow the gradient of V.
 */
#define MEVA_FIELD_V 0

/*
 Agents follow the naive gradient and gamma times that of U.
 */
#define MEVA_FIELD_U 1

/*
 The same with 1 - gamma times the naive gradient.
 */
#define MEVA_FIELD_U_NORMALIZED 2

/*
 Agents follow the naive gradient and gamma times that of U times the square root of the horizon.
 */
#define MEVA_FIELD_U_ROOT 3

/*
 The alignment of images, workspaces and training memory, in bytes.
 */
#define MEVA_ALIGNMENT 4

/*
 The version of this header: its first number.
 */
#define MEVA_VERSION_MAJOR 0

/*
 Its second number; while the first is 0, libraries of different second numbers are not compatible.
 */
#define MEVA_VERSION_MINOR 1

/*
 Its third number.
 */
#define MEVA_VERSION_PATCH 0

/*
 All three as one number, to compare with what meva_version() says.
 */
#define MEVA_VERSION (((MEVA_VERSION_MAJOR * 1000000) + (MEVA_VERSION_MINOR * 1000)) + MEVA_VERSION_PATCH)

/*
 Why a function did nothing.
 */
typedef enum {
  /*
   It did what it was asked.
   */
  MEVA_OK = 0,
  /*
   A pointer is null.
   */
  MEVA_NULL_POINTER = 1,
  /*
   A buffer has fewer elements or bytes than are needed.
   */
  MEVA_BUFFER_TOO_SMALL = 2,
  /*
   A pointer is not aligned for what it points to; images and memory need MEVA_ALIGNMENT.
   */
  MEVA_MISALIGNED = 3,
  /*
   A number is infinite or NaN.
   */
  MEVA_NOT_FINITE = 4,
  /*
   A number lies outside its domain: a discount outside [0, 1], say, or an unknown choice.
   */
  MEVA_OUT_OF_RANGE = 5,
  /*
   An image ends before its header says so.
   */
  MEVA_TRUNCATED = 6,
  /*
   Something other than an image.
   */
  MEVA_NO_IMAGE = 7,
  /*
   An image of another version of the format.
   */
  MEVA_IMAGE_VERSION = 8,
  /*
   A shape that the library was built without, or that differs from the game's or the memory's.
   */
  MEVA_SHAPE_UNKNOWN = 9,
  /*
   An image that was damaged: its checksum does not match.
   */
  MEVA_CHECKSUM = 10,
  /*
   An image whose contents make no sense.
   */
  MEVA_CONTENTS = 11,
  /*
   Memory in which no training was started, or a model that was not opened.
   */
  MEVA_NOT_STARTED = 12,
} meva_error;

/*
 A game.
 */
typedef struct {
  /*
   MEVA_LOGISTIC, MEVA_TANDEM, .., MEVA_QUADRATIC.
   */
  uint32_t kind;
  /*
   Of an iterated game: how much the next turn counts, in [0, 1).
   */
  double discount;
  /*
   Of an iterated game: payoffs after DD, DC, CD, CC (player 0's action first) for player 0 and 1.
   */
  double payoffs[4][2];
} meva_game;

/*
 A model in use: made by meva_model_open, valid as long as its image is.
 */
typedef struct {
  /*
   The image.
   */
  const void *image;
  /*
   Its size in bytes.
   */
  size_t size;
} meva_model;

/*
 Sizes of a network. The library has these unless it was built with others (MEVA_SHAPES): (1, 64, 1, 16),
 (1, 16, 1, 16), (5, 64, 2, 32), (5, 16, 1, 16).
 */
typedef struct {
  /*
   Parameters per policy, N: 1, or 5 for iterated games.
   */
  uint32_t parameters;
  /*
   Hidden units, H.
   */
  uint32_t hidden;
  /*
   Residual blocks, R.
   */
  uint32_t residual_blocks;
  /*
   Quantiles, M.
   */
  uint32_t quantiles;
} meva_shape;

/*
 What a model is.
 */
typedef struct {
  /*
   Its sizes.
   */
  meva_shape shape;
  /*
   The game that it was trained for.
   */
  meva_game game;
  /*
   What agents follow: MEVA_FIELD_V, ..
   */
  uint32_t field;
  /*
   The learning rate of agents that follow it.
   */
  double alpha;
} meva_info;

/*
 Settings of Algorithm 1.
 */
typedef struct {
  /*
   What the network models and agents follow: MEVA_FIELD_V, ..
   */
  uint32_t field;
  /*
   How much of the gradient that flows through the targets counts (without a target network), in [0, 1]; 0: none.
   */
  double phi;
  /*
   The agents' learning rate.
   */
  double alpha;
  /*
   How much of a target is observed rather than predicted, in [0, 1].
   */
  double lambda;
  /*
   Inertia of the target network, in [0, 1); negative: none.
   */
  double rho;
  /*
   The network's learning rate.
   */
  double eta;
  /*
   Decay of the first moment, in [0, 1).
   */
  double beta1;
  /*
   Decay of the second moment, in [0, 1).
   */
  double beta2;
  /*
   Added to the root of the second moment; positive.
   */
  double epsilon;
  /*
   Weight decay; multiplied by eta.
   */
  double weight_decay;
} meva_settings;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The name of an error code; never null.
 */
const char *meva_error_name(uint32_t error);

/*
 Both players' returns at the joint policy x, in any game: 2 numbers.
 */
meva_error meva_game_values(const meva_game *game, const float *x, size_t x_count, float *values, size_t values_count);

/*
 One step of both agents, x <- x + rate field(x), in any game. The learner is MEVA_NAIVE, MEVA_LOOKAHEAD, .., alpha the
 length of its imagined step. x has 2 N numbers, player 0's first.
 */
meva_error meva_learner_step(uint32_t learner,
                             double alpha,
                             double rate,
                             const meva_game *game,
                             float *x,
                             size_t x_count);

/*
 Checks an image of `size` bytes, at an address that is a multiple of MEVA_ALIGNMENT, and makes a model of it, which uses
 it in place: the image must stay where it is, unchanged, as long as the model is used. There is nothing to close.
 */
meva_error meva_model_open(const void *image,
                           size_t size,
                           meva_model *model);

/*
 What a model is.
 */
meva_error meva_model_info(const meva_model *model, meva_info *info);

/*
 Writes the bytes of a model's image.
 */
meva_error meva_image_size(const meva_shape *shape, size_t *size);

/*
 Writes the bytes of workspace that evaluating a network of this shape needs.
 */
meva_error meva_workspace_size(const meva_shape *shape, size_t *size);

/*
 A player's (0 or 1) quantiles at the joint policy x, 2 N numbers, player 0's first, with both players' discounts gamma,
 2 numbers in [0, 1]: M numbers.
 */
meva_error meva_quantiles(const meva_model *model,
                          uint32_t player,
                          const float *x,
                          size_t x_count,
                          const float *gamma,
                          size_t gamma_count,
                          float *quantiles,
                          size_t quantiles_count,
                          void *workspace,
                          size_t workspace_size);

/*
 Both players' values, the means of their quantiles, at the joint policy x: 2 numbers.
 */
meva_error meva_values(const meva_model *model,
                       const float *x,
                       size_t x_count,
                       const float *gamma,
                       size_t gamma_count,
                       float *values,
                       size_t values_count,
                       void *workspace,
                       size_t workspace_size);

/*
 The network's own gradients at the joint policy x, each player's mean quantile by its own parameters: 2 N numbers.
 */
meva_error meva_own_gradients(const meva_model *model,
                              const float *x,
                              size_t x_count,
                              const float *gamma,
                              size_t gamma_count,
                              float *gradients,
                              size_t gradients_count,
                              void *workspace,
                              size_t workspace_size);

/*
 The directions that agents follow at the joint policy x, in the game that the model was trained for: 2 N numbers. A step
 is x + alpha field, with the model's alpha. If each player has a network of its own, row i is taken from player i's model.
 */
meva_error meva_field(const meva_model *model,
                      const float *x,
                      size_t x_count,
                      const float *gamma,
                      size_t gamma_count,
                      float *field,
                      size_t field_count,
                      void *workspace,
                      size_t workspace_size);

/*
 meva_field at `count` joint policies, one after the other: count times 2 N numbers of x, count times 2 of gamma, and count
 times 2 N of fields. When it returns MEVA_OUT_OF_RANGE or MEVA_NOT_FINITE, because of any of them, no field was written.
 */
meva_error meva_fields(const meva_model *model,
                       size_t count,
                       const float *x,
                       size_t x_count,
                       const float *gamma,
                       size_t gamma_count,
                       float *fields,
                       size_t fields_count,
                       void *workspace,
                       size_t workspace_size);

/*
 Writes the bytes of memory that training needs: a network of this shape, rollouts of `steps` (k), batches of `batch`.
 */
meva_error meva_training_size(const meva_shape *shape, uint32_t steps, uint32_t batch, size_t *size);

/*
 Starts a training in `size` bytes of memory: from parameters drawn by `seed`, or, where `model` is not null, from that
 model's, which must have the shape.
 */
meva_error meva_training_start(const meva_shape *shape,
                               uint32_t steps,
                               uint32_t batch,
                               uint64_t seed,
                               const meva_model *model,
                               void *memory,
                               size_t size);

/*
 One update of Algorithm 1: from each joint policy of x (batch times 2 N numbers) a rollout with its discounts gamma (batch
 times 2 numbers), the targets, a step down the loss. x becomes the rollouts' ends, loss the mean loss; a training has
 diverged when that is infinite or NaN.
 */
meva_error meva_training_update(void *memory,
                                size_t size,
                                const meva_settings *settings,
                                const meva_game *game,
                                float *x,
                                size_t x_count,
                                const float *gamma,
                                size_t gamma_count,
                                float *loss);

/*
 Writes what was learned as an image: the target network's parameters, which are the network's own without one.
 */
meva_error meva_training_image(void *memory,
                               size_t size,
                               const meva_settings *settings,
                               const meva_game *game,
                               void *image,
                               size_t image_size);

/*
 The version of the library, MEVA_VERSION of the header that it was built with.
 */
uint32_t meva_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MEVA_H */
