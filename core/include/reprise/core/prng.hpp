#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace reprise {

namespace detail {

template <class T>
concept seed_integer = std::integral<T> && sizeof(T) <= sizeof(std::uint64_t);

/// What one can draw elements from. A `char` array is left out: a literal would offer its final
/// NUL.
template <class R>
concept sequence =
    std::ranges::random_access_range<R> && std::ranges::sized_range<R> &&
    !(std::is_array_v<std::remove_reference_t<R>> &&
      std::same_as<std::remove_cv_t<std::remove_extent_t<std::remove_reference_t<R>>>, char>);

template <class R>
concept integer_range =
    std::ranges::input_range<R> && std::integral<std::ranges::range_value_t<R>> &&
    sizeof(std::ranges::range_value_t<R>) <= sizeof(std::uint64_t);

template <class R>
concept number_range = integer_range<R> || (std::ranges::input_range<R> &&
                                            std::floating_point<std::ranges::range_value_t<R>>);

[[noreturn]] void throw_negative(const char* function, const char* argument, std::int64_t value);
[[noreturn]] void throw_too_large(const char* function, const char* argument, std::uint64_t value);

}  // namespace detail

/// CPython 3.13's `random.Random`: same seed and calls, same values, bit for bit.
///
/// A value type of 2.5 KB, regular and cheap to copy; not to be shared between OS threads. Two
/// equal generators give equal values for ever. Drawing costs a few nanoseconds, seeding some
/// microseconds.
///
/// All floating-point work is done inside the library, whose flags we choose: inlined into a
/// program that is built for a machine with fused multiply-add, it would give other bits. The last
/// bit of log, exp, pow, sin and cos is glibc's.
///
/// Errors: a bad argument throws `std::invalid_argument` with the function, the argument and its
/// value; nothing has been drawn then. Where CPython raises OverflowError, `std::overflow_error`.
/// CPython goes round for ever on a few arguments (a NaN shape), here those are bad arguments too.
///
/// Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998 (MT19937);
/// seeding and the numbers of draws as in CPython 3.13.
class prng {
public:
  using result_type = std::uint32_t;

  /// Of weights, says that they are running totals already.
  struct cumulative_t {};
  static constexpr cumulative_t cumulative{};

  /// Seeds with 0.
  prng() : prng(0) {}
  /// Seeds with the magnitude of `n`: -7 and 7 are one seed, as in CPython.
  template <detail::seed_integer Integer>
  explicit prng(Integer n) {
    seed(n);
  }
  /// Seeds with the bytes of `text` followed by their SHA-512 digest. Any bytes will do; CPython's
  /// `str` is its UTF-8.
  explicit prng(std::string_view text) { seed(text); }
  /// Seeds with an integer of any size, its magnitude given in 32-bit words, low word first.
  explicit prng(std::span<const std::uint32_t> magnitude) { seed(magnitude); }

  /// Starts again as a newly made generator would; what `gauss` kept is dropped.
  void seed() { seed(0); }
  template <detail::seed_integer Integer>
  void seed(Integer n) {
    const auto bits = static_cast<std::uint64_t>(n);
    seed_magnitude(std::cmp_less(+n, 0) ? 0 - bits : bits);
  }
  void seed(std::string_view text);
  void seed(std::span<const std::uint32_t> magnitude);

  /// The next 32 bits: a prng is a `std::uniform_random_bit_generator`.
  result_type operator()() {
    if (position_ == state_.size()) refill();
    return temper(state_[position_++]);
  }
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  /// What the next 624 calls will give, at most: as many as are left before the state is renewed.
  [[nodiscard]] std::vector<result_type> upcoming();
  /// Makes the next calls give `words` instead; at most as many as `upcoming` gave.
  void put_upcoming(std::span<const result_type> words);

  // Bits and integers.

  /// An integer of `k` random bits, 0 <= k <= 64. For k = 0, draws nothing.
  std::uint64_t getrandbits(int k);
  /// An integer of `k` random bits for any k >= 0, in 32-bit words, low word first.
  std::vector<std::uint32_t> getrandbits_words(std::int64_t k);
  /// `n` random bytes. Throws if n < 0.
  std::string randbytes(std::int64_t n);

  /// An integer in [0, n). Throws if n = 0. Costs fewer than two draws of n's bits on average
  /// (rejection, without bias).
  std::uint64_t randbelow(std::uint64_t n);
  /// The same for an `n` of any size, in 32-bit words, low word first; the result has no more words
  /// than `n`.
  std::vector<std::uint32_t> randbelow_words(std::span<const std::uint32_t> n);
  /// An integer in [0, stop). Throws if stop <= 0.
  std::int64_t randrange(std::int64_t stop);
  /// One of start, start + step, ... before stop; `step` may be negative. Throws if there are none
  /// or the step is 0.
  std::int64_t randrange(std::int64_t start, std::int64_t stop, std::int64_t step = 1);
  /// An integer in [low, high], both ends included. Throws if low > high.
  std::int64_t randint(std::int64_t low, std::int64_t high);

  // Sequences: random-access ranges of known size, `std::views::iota(0, n)` too.

  /// A copy of one element. Throws if there is none.
  template <detail::sequence R>
  std::ranges::range_value_t<R> choice(R&& population) {
    return at(population, choice_index(size_of(population)));
  }
  template <class T>
  T choice(std::initializer_list<T> population) {
    return choice(std::span(population));
  }

  /// `k` elements, each drawn from all of them. Throws if k < 0, or there is nothing to draw from
  /// and k > 0.
  template <detail::sequence R, std::integral K>
  std::vector<std::ranges::range_value_t<R>> choices(R&& population, K k) {
    return pick(population, choices_indices(size_of(population), count("choices", k)));
  }
  template <class T, std::integral K>
  std::vector<T> choices(std::initializer_list<T> population, K k) {
    return choices(std::span(population), k);
  }

  /// `k` elements, each drawn with a probability in proportion to its weight: integers (added up
  /// exactly) or floating point.
  ///
  /// Throws if k < 0, there is not one weight for each element, one is negative, or the total is 0
  /// or not finite.
  template <detail::sequence R, detail::number_range W = std::initializer_list<double>,
            std::integral K = int>
  std::vector<std::ranges::range_value_t<R>> choices(R&& population, W&& weights, K k = 1) {
    return pick(population,
                weighted_indices(size_of(population), numbers("choices", "weight", weights), false,
                                 count("choices", k)));
  }
  template <class T, detail::number_range W = std::initializer_list<double>, std::integral K = int>
  std::vector<T> choices(std::initializer_list<T> population, W&& weights, K k = 1) {
    return choices(std::span(population), weights, k);
  }
  /// The same from running totals, `choices(deck, {5, 6, 10}, 3, prng::cumulative)`. Throws also if
  /// they decrease.
  template <detail::sequence R, detail::number_range W = std::initializer_list<double>,
            std::integral K>
  std::vector<std::ranges::range_value_t<R>> choices(R&& population, W&& weights, K k,
                                                     cumulative_t) {
    return pick(population,
                weighted_indices(size_of(population), numbers("choices", "weight", weights), true,
                                 count("choices", k)));
  }

  /// Puts the elements into a random order. Draws size - 1 times.
  template <std::ranges::random_access_range R>
    requires std::ranges::sized_range<R> && std::permutable<std::ranges::iterator_t<R>>
  void shuffle(R&& items) {
    const auto first = std::ranges::begin(items);
    for (std::size_t i = size_of(items); i > 1; --i) {
      const std::size_t j = randbelow(i);
      if (j != i - 1) std::ranges::iter_swap(first + offset<R>(i - 1), first + offset<R>(j));
    }
  }

  /// `k` different elements (by place, not by value), in the order of drawing. Throws if k is
  /// negative or above the size.
  ///
  /// Cost: O(min(k, size)) memory, so that a few of a very long `std::views::iota` are cheap.
  template <detail::sequence R, std::integral K>
  std::vector<std::ranges::range_value_t<R>> sample(R&& population, K k) {
    return pick(population, sample_indices(size_of(population), count("sample", k)));
  }
  template <class T, std::integral K>
  std::vector<T> sample(std::initializer_list<T> population, K k) {
    return sample(std::span(population), k);
  }
  /// The same as if each element stood in the population as often as its count says.
  ///
  /// Throws also if there is not one count for each element, one is negative or their total is 0.
  template <detail::sequence R, std::integral K,
            detail::integer_range C = std::initializer_list<std::int64_t>>
  std::vector<std::ranges::range_value_t<R>> sample(R&& population, K k, C&& counts) {
    return pick(population, counted_indices(size_of(population), numbers("sample", "count", counts),
                                            count("sample", k)));
  }

  // Real numbers. A bare double is a position or a shape; angles are in radians.

  /// A number in [0, 1), a multiple of 2^-53.
  double random();
  /// A number between a and b, whichever is greater; rounding can make it b.
  double uniform(double a, double b);
  /// A number in [low, high] whose density rises to `mode` (the middle, if not given) and falls
  /// from there. Returns `low` if low = high and a mode is given.
  double triangular(double low = 0.0, double high = 1.0, std::optional<double> mode = {});
  /// Exponential of rate `lambd`: mean 1 / lambd; negative numbers if lambd < 0. Throws if it is 0.
  double expovariate(double lambd = 1.0);
  /// Normal, from pairs: the second value of a pair is kept for the next call. Faster than
  /// `normalvariate`.
  /// Source: G. Box and M. Muller, "A Note on the Generation of Random Normal Deviates", Annals of
  /// Mathematical Statistics 29(2), 1958.
  double gauss(double mu = 0.0, double sigma = 1.0);
  /// Normal, without memory.
  /// Source: A. Kinderman and J. Monahan, "Computer Generation of Random Variables Using the Ratio
  /// of Uniform Deviates", ACM TOMS 3(3), 1977.
  double normalvariate(double mu = 0.0, double sigma = 1.0);
  /// exp of a normal. Throws `std::overflow_error` if that is beyond a double.
  double lognormvariate(double mu = 0.0, double sigma = 1.0);
  /// Gamma of shape `alpha` and scale `beta`: mean alpha * beta. Throws unless both are above 0
  /// (and 2 * alpha is finite).
  /// Source: R. Cheng, "The Generation of Gamma Variables with Non-Integral Shape Parameter",
  /// Applied Statistics 26(1), 1977; for alpha < 1, algorithm GS of J. Ahrens and U. Dieter,
  /// Computing 12(3), 1974.
  double gammavariate(double alpha, double beta);
  /// Beta, in [0, 1]; the quotient of two gammas. Throws unless both shapes are above 0 (and twice
  /// a shape is finite).
  double betavariate(double alpha, double beta);
  /// Pareto of shape `alpha`. Throws if alpha = 0; `std::overflow_error` if the value is beyond a
  /// double.
  double paretovariate(double alpha);
  /// Weibull of scale `alpha` and shape `beta`. Throws if beta = 0; `std::overflow_error` if the
  /// value is beyond a double.
  double weibullvariate(double alpha, double beta);
  /// An angle in [0, 2 pi] around `mu`, the more closely the greater `kappa`; uniform if it is at
  /// most 1e-6. Throws if kappa is NaN.
  /// Source: D. Best and N. Fisher, "Efficient Simulation of the von Mises Distribution", Applied
  /// Statistics 28(2), 1979.
  double vonmisesvariate(double mu, double kappa);
  /// How many of `n` trials succeed if each does with probability `p`. Throws if n < 0 or p is not
  /// in [0, 1].
  ///
  /// Cost: O(min(n p, n (1 - p))) below 10, constant above.
  /// Source: V. Kachitvichyanukul and B. Schmeiser, "Binomial Random Variate Generation", CACM
  /// 31(2), 1988 (BG, after Devroye); W. Hoermann, "The Generation of Binomial Random Variates",
  /// J. Stat. Comput. Simul. 46, 1993 (BTRS).
  std::int64_t binomialvariate(std::int64_t n = 1, double p = 0.5);

  /// The 624 words of state and the place of the next one: the integers of CPython's
  /// `getstate()[1]`.
  [[nodiscard]] std::array<std::uint32_t, 625> state() const;

  /// Equal state, what `gauss` keeps included.
  friend bool operator==(const prng&, const prng&) = default;

private:
  static constexpr std::uint32_t temper(std::uint32_t word) noexcept {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680u;
    word ^= (word << 15) & 0xefc60000u;
    return word ^ (word >> 18);
  }
  template <class R>
  static std::size_t size_of(R& range) {
    return static_cast<std::size_t>(std::ranges::size(range));
  }
  template <class R>
  static std::ranges::range_difference_t<R> offset(std::size_t index) {
    return static_cast<std::ranges::range_difference_t<R>>(index);
  }
  template <class R>
  static std::ranges::range_value_t<R> at(R& range, std::size_t index) {
    return std::ranges::begin(range)[offset<R>(index)];
  }
  template <class R>
  static std::vector<std::ranges::range_value_t<R>> pick(R& range,
                                                         const std::vector<std::size_t>& indices) {
    std::vector<std::ranges::range_value_t<R>> picked;
    picked.reserve(indices.size());
    for (const std::size_t index : indices) picked.push_back(at(range, index));
    return picked;
  }
  /// `k` as a size, whatever integer the caller counts with.
  template <std::integral K>
  static std::size_t count(const char* function, K k) {
    if constexpr (std::is_signed_v<K>) {
      if (k < 0) detail::throw_negative(function, "k", static_cast<std::int64_t>(k));
    }
    return static_cast<std::size_t>(k);
  }
  /// Integers stay integers, because CPython adds those up without rounding.
  template <class W>
  static auto numbers(const char* function, const char* argument, W& range) {
    using value = std::ranges::range_value_t<W>;
    std::vector<std::conditional_t<std::integral<value>, std::int64_t, double>> result;
    for (const value number : range) {
      if constexpr (std::unsigned_integral<value>) {
        if (std::uint64_t{number} >> 63 != 0) detail::throw_too_large(function, argument, number);
      }
      result.push_back(static_cast<typename decltype(result)::value_type>(number));
    }
    return result;
  }

  void seed_magnitude(std::uint64_t magnitude);
  void seed_words(std::span<const std::uint32_t> key);
  void refill();

  std::size_t choice_index(std::size_t size);
  std::vector<std::size_t> choices_indices(std::size_t size, std::size_t k);
  std::vector<std::size_t> weighted_indices(std::size_t size, std::vector<double> weights,
                                            bool are_totals, std::size_t k);
  std::vector<std::size_t> weighted_indices(std::size_t size, std::vector<std::int64_t> weights,
                                            bool are_totals, std::size_t k);
  std::vector<std::size_t> sample_indices(std::size_t size, std::size_t k);
  std::vector<std::size_t> counted_indices(std::size_t size, std::vector<std::int64_t> counts,
                                           std::size_t k);

  double standard_gamma(double alpha);
  std::int64_t binomial_by_gaps(std::int64_t n, double p);
  std::int64_t binomial_by_rejection(std::int64_t n, double p);

  std::array<std::uint32_t, 624> state_{};
  /// The next word to give; 624 when all have been given.
  std::uint32_t position_ = 0;
  /// The second value of the last pair that `gauss` made, if it has not been given.
  std::optional<double> gauss_next_;
};

}  // namespace reprise
