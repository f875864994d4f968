/**
 * Small breakages, each as somebody could make it in a hurry, and the tests that must notice (P38). A
 * defect whose text is not found exactly once has to be written anew: the guard has moved.
 */
export interface Defect {
  /** What is broken, in a few words. */
  name: string;
  file: string;
  from: string;
  to: string;
  /** The test file that turns red, and the test in it. */
  test: string;
  pattern?: string;
}
